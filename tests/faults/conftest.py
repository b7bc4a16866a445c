# SPDX-License-Identifier: Apache-2.0
"""One broker and one registry for all, and one gateway that lives through every fault."""
import pytest

from harness import services
from harness.gateway import BUILD, Gateway
from harness.partner import Partner
from scene import Ground, Scene


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also tests that take minutes")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="takes long: --slow"))


def pytest_sessionstart(session):
    if not session.config.option.collectonly and not (BUILD / "lienthongd").exists():
        pytest.exit(f"there is no {BUILD / 'lienthongd'}: make first", returncode=2)


def pytest_sessionfinish():
    for process in Gateway.started + Partner.started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def ground(tmp_path_factory):
    try:
        services.fetch()
    except services.Unavailable as reason:
        pytest.skip(f"no real broker and registry here: {reason}")
    with Ground(tmp_path_factory.mktemp("ground")) as one:
        yield one


@pytest.fixture(scope="module")
def scene(ground, tmp_path_factory):
    one = Scene(ground, tmp_path_factory.mktemp("scene"), seed=20261126).start()
    yield one
    one.end()


@pytest.fixture
def new_scene(ground, tmp_path):
    """A gateway at its very first start: nothing is pinned yet."""
    one = Scene(ground, tmp_path / "scene", seed=20261127)
    yield one
    one.end()
