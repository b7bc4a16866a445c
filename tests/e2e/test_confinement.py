# SPDX-License-Identifier: Apache-2.0
"""What the kernel keeps the daemon from: files that nobody named when it started, and core files."""
import ctypes
import os
import resource
import signal
import time

import pytest

from harness import documents
from harness.gateway import PARTNERS, VARIANT
from harness.patience import VALGRIND, until
from harness.services import ROOT
from test_drop import DOSSIER, place

LANDLOCK_CREATE_RULESET, ASK_VERSION = 444, 1
LEVEL = ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)
needs_landlock = pytest.mark.skipif(LEVEL < 1 or VALGRIND,
                                    reason="neither valgrind nor some kernels have Landlock")


def pushed_to(password_file):
    """Who sends, and a partner that is logged in to with this file."""
    far = {"id": "noi-nhan", "name": "Nơi nhận", "agencies": [documents.DISTRICT],
           "adapters": ["lienthong-xml"],
           "deliver": {"by": "push", "url": "http://127.0.0.1:9", "user": "x",
                       "password_file": str(password_file)}}
    return [PARTNERS[0], far]


def dropping(folder):
    return [{**PARTNERS[0], "collect": {"drop": str(folder)}}]


@pytest.fixture
def outside(tmp_path):
    """A folder that no configuration names."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "password").write_text("mat-khau")
    return folder


def reload(gateway, partners):
    gateway.write_partners(partners)
    gateway.reload()


@needs_landlock
def test_what_nobody_named_at_the_start_stays_closed(gateways, outside):
    gateway = gateways()
    assert f"event=confine.holds landlock={LEVEL}" in gateway.log()
    reload(gateway, pushed_to(outside / "password"))
    gateway.wait_for_log(f"{outside / 'password'} is closed to the daemon")
    reload(gateway, dropping(outside))
    gateway.wait_for_log(f"{outside} is closed to the daemon")
    assert "directory.reloaded" not in gateway.log()
    gateway.accept(documents.native_xml("C-1", documents.dossier_code(1)))
    assert os.listdir(outside) == ["password"]

    gateway.stop()
    gateway.start()  # what it is told then is named
    place(outside, "a.xml", documents.native_xml("C-2", DOSSIER))
    until((outside / "done" / "a.xml.receipt.json").exists)


@needs_landlock
def test_another_file_in_a_named_place_and_a_new_folder_for_drops_are_taken(gateways, outside, tmp_path):
    secrets, drops = tmp_path / "secrets", tmp_path / "drops"
    secrets.mkdir()
    drops.mkdir()
    (secrets / "one").write_text("mat-khau")
    gateway = gateways(partners=pushed_to(secrets / "one"),
                       config={"confine": {"drop_folder": str(drops)}})
    (secrets / "new").write_text("mat-khau-moi")
    os.rename(secrets / "new", secrets / "one")
    (secrets / "two").write_text("mat-khau")
    (drops / "phucuong").mkdir()
    reload(gateway, dropping(drops / "phucuong") + pushed_to(secrets / "two")[1:])
    gateway.wait_for_log("directory.reloaded")
    place(drops / "phucuong", "a.xml", documents.native_xml("C-1", DOSSIER))
    until((drops / "phucuong" / "done" / "a.xml.receipt.json").exists)


def test_who_asks_for_no_confinement_gets_none(gateways, outside):
    gateway = gateways(config={"confine": {"enabled": False}})
    assert "event=confine.off" in gateway.log()
    reload(gateway, dropping(outside))
    gateway.wait_for_log("directory.reloaded")


@pytest.fixture
def cores_allowed():
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.skipif(VARIANT != "release", reason="a sanitizer ends the program itself")
def test_a_crash_leaves_no_core(gateways, cores_allowed):
    gateway = gateways()
    limits = open(f"/proc/{gateway.process.pid}/limits", encoding="utf-8").read()
    core, = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] in (["1", "1"], ["0", "0"])
    gateway.accept(documents.native_xml("C-1", documents.dossier_code(1)))
    gateway.process.send_signal(signal.SIGSEGV)
    _, status = os.waitpid(gateway.process.pid, 0)
    gateway.process = None
    assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status)
    time.sleep(0.1)
    assert not list(ROOT.glob("core*")) and not list(gateway.folder.glob("core*"))
