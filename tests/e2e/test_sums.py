# SPDX-License-Identifier: Apache-2.0
"""`make test` closes with an honest sum: what began and did not pass has failed."""
import importlib.machinery
import importlib.util

import pytest

from harness.services import ROOT

loader = importlib.machinery.SourceFileLoader("tests_run", str(ROOT / "tests" / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("tests_run", loader))
loader.exec_module(run)

WHOLE = """[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
[       OK ] two
[ RUN      ] three
[       OK ] three
[==========] 3 test(s) run.
[  PASSED  ] 3 test(s).
"""
ONE_FAILED = WHOLE.replace("[       OK ] two", "[  FAILED  ] two")
DIED = WHOLE[:WHOLE.index("[       OK ] two")] + "Segmentation fault\n"
ONE_SKIPPED = WHOLE.replace("[       OK ] two", "[  SKIPPED ] two")


@pytest.mark.parametrize("output, wanted", [
    (WHOLE, (3, 0, 0)), (WHOLE + WHOLE, (6, 0, 0)), (ONE_FAILED, (2, 1, 0)), (DIED, (1, 2, 0)),
    (DIED + WHOLE, (4, 2, 0)), (ONE_SKIPPED, (2, 0, 1)), ("", (0, 0, 0))],
    ids=["passed", "two programs", "failed", "died", "died, then passed", "skipped", "nothing"])
def test_unit_tests_are_counted_by_what_began(output, wanted):
    found = run.count_cmocka(output)
    assert (found.passed, found.failed, found.skipped) == wanted


@pytest.mark.parametrize("closing, wanted", [
    ("3 passed in 1.20s", (3, 0, 0)), ("1 failed, 3 passed, 2 skipped in 4.1s", (3, 1, 2)),
    ("1 failed, 3 passed, 1 error in 4.1s (0:01:02)", (3, 2, 0)), ("no tests ran in 0.1s", (0, 0, 0))])
def test_end_to_end_tests_are_counted_by_pytests_closing_line(closing, wanted):
    found = run.count_pytest(f"2 passed in the text\n....\n{closing}\n")
    assert (found.passed, found.failed, found.skipped) == wanted


def step(script, count, needed=()):
    run.LOGS.mkdir(parents=True, exist_ok=True)
    return run.run_step("sums", [["sh", "-c", script]], count, needed)


def test_a_step_that_dies_and_names_no_test_counts_as_one_failure():
    assert step("echo 5 passed in 1.0s; exit 3", run.count_pytest).failed == 1
    assert step("exit 1", run.count_whole).failed == 1


def test_a_step_in_which_no_test_ran_has_failed():
    assert step("echo nothing", run.count_fixtures).failed == 1


def test_a_missing_tool_is_a_visible_skip():
    found = step("true", run.count_whole, ["no-such-tool-anywhere"])
    assert (found.passed, found.failed, found.skipped) == (0, 0, 1)
    assert "no-such-tool-anywhere" in found.reasons[0]
