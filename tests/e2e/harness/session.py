# SPDX-License-Identifier: Apache-2.0
"""What every folder of tests around a daemon has of pytest: a build, `--slow`, and nothing left
behind.  A plugin, which a folder's conftest.py names."""
import pytest

from harness.gateway import BUILD, Gateway
from harness.partner import Partner


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also tests that take minutes")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: --slow"))


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    if not (BUILD / "lienthongd").exists():
        pytest.exit(f"there is no {BUILD / 'lienthongd'}: make first", returncode=2)


def pytest_sessionfinish():
    """A fixture that failed half-way has no ending of its own."""
    for process in Gateway.started + Partner.started:
        if process.poll() is None:
            process.kill()
            process.wait()
