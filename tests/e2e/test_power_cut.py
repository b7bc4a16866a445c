# SPDX-License-Identifier: Apache-2.0
"""The power cuts in short; `make powercut` is the long run.  And whether its judge finds what a disk
does that lies, or a daemon that answers too soon."""
import importlib.machinery
import importlib.util
import re
import sys

import pytest

from harness.patience import VALGRIND
from harness.services import ROOT

# A daemon that the recorder kills ends, for valgrind, with all that its threads had.
pytestmark = pytest.mark.skipif(VALGRIND, reason="the recorder and valgrind do not go together")
FOLDER = ROOT / "tests" / "powercut"
sys.path.append(str(FOLDER))
loader = importlib.machinery.SourceFileLoader("powercut", str(FOLDER / "run"))
powercut = importlib.util.module_from_spec(importlib.util.spec_from_loader("powercut", loader))
loader.exec_module(powercut)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """One recorded run of the daemon."""
    return powercut.Workload(tmp_path_factory.mktemp("powercut") / "run", 1, acts=40, phases=2).run()


def test_the_record_is_what_happened(work):
    assert powercut.check_record(work) == []
    assert work.kills == 1 and work.pruned == 1 and work.discards > 0


def test_no_cut_loses_what_was_answered(work):
    assert powercut.judge(work, 200) == []
    assert powercut.judge(work, 50, "--ordered") == []


def test_the_daemon_goes_on_after_a_cut(work, tmp_path):
    for number in (3, 20):
        assert powercut.start_daemon(work, 40, number, tmp_path / str(number)) == []


def test_a_sealed_spool_keeps_what_was_answered_and_nothing_that_was_shredded(tmp_path):
    """Of an even seed."""
    sealed = powercut.Workload(tmp_path / "run", 2, acts=30, phases=1).run()
    assert len(sealed.shredded) > 0
    assert list(sealed.gateway.state.glob("store/files/??/*.sealed"))
    assert powercut.check_record(sealed) == []
    assert powercut.judge(sealed, 120) == []
    assert powercut.judge(sealed, 30, "--ordered") == []
    assert powercut.start_daemon(sealed, 40, 39, tmp_path / "daemon") == []
    lie = ("--deaf", "*/incoming/*")
    assert any("is damaged" in line for line in powercut.judge(sealed, 40, *lie))
    claim_shredded(sealed)
    found = powercut.judge(sealed, 120)
    assert any("was shredded, and is there" in line for line in found), "the judge does not look"


def claim_shredded(work):
    """Says of a handoff that is whole that it was shredded when the first one was."""
    lines = work.answers_path.read_text().splitlines()
    shredded = [line.split() for line in lines if line.startswith("shredded ")]
    taken = {number for *_, number in shredded}
    whole = next(number for number, (_, kind, *_) in enumerate(work.promises)
                 if kind == "handoff" and str(number) not in taken)
    work.answers_path.write_text("\n".join([*lines, " ".join([*shredded[0][:3], str(whole)])]) + "\n")


@pytest.mark.parametrize("lie, found", [
    (("--deaf", "*.db-wal"), "was accepted and is lost: spool"),
    (("--deaf", "*/spool.db"), "the spool does not open"),
    (("--deaf", "*/"), "was accepted and is lost: files"),
    (("--deaf", "*/incoming/*"), "is damaged"),
    (("--early", "60"), "was accepted and is lost: spool"),
], ids=["wal", "database", "folders", "files", "answers"])
def test_the_judge_finds_what_is_lost(work, lie, found):
    assert any(found in line for line in powercut.judge(work, 40, *lie))


def test_a_finding_is_had_again_by_its_seed_and_point(work):
    def judge(*options):
        """A folder's random name, which some findings tell, is no part of them."""
        return [re.sub(r"lienthong-cut-\w+", "lienthong-cut", finding)
                for finding in powercut.judge(work, 40, "--deaf", "*.db-wal", *options)]
    first = judge()[0]
    assert first in judge("--only", first.split()[3])
