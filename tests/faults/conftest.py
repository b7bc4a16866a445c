# SPDX-License-Identifier: Apache-2.0
"""One broker and one registry for all, and gateways that live through many faults."""
import shutil
import signal

import pytest

from harness import services
from scene import Ground, Scene

pytest_plugins = ["harness.session"]

DEADLINE = 240  # seconds that a test may take on a machine that has much else to do


@pytest.fixture(autouse=True)
def deadline(request):
    """No test hangs: what still waits then is interrupted, and the test fails."""
    marker = request.node.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEADLINE

    def interrupt(*_):
        raise TimeoutError(f"the test has taken {seconds} s")

    former = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


@pytest.fixture(scope="session")
def ground(tmp_path_factory):
    try:
        services.fetch()
    except services.Unavailable as reason:
        pytest.skip(f"no real broker and registry here: {reason}")
    with Ground(tmp_path_factory.mktemp("ground")) as one:
        yield one


class Stage:
    """Has one scene for the tests, and a new one before the disk of that is full, or when a test
    has failed in it: the next must not find the same again."""

    def __init__(self, ground, folders):
        self.ground, self.folders, self.current = ground, folders, None

    def scene(self):
        if self.current and (self.current.findings or self.is_filling()):
            self.clear()
        if not self.current:
            self.current = Scene(self.ground, self.folders.mktemp("scene"), seed=20261126).start()
        return self.current

    def is_filling(self):
        disk = shutil.disk_usage(self.current.disk)
        return self.current.has_disk and disk.used > disk.total / 3

    def clear(self):
        if self.current:
            self.current.end()
        self.current = None


@pytest.fixture(scope="session")
def stage(ground, tmp_path_factory):
    one = Stage(ground, tmp_path_factory)
    yield one
    one.clear()


@pytest.fixture
def scene(stage):
    return stage.scene()


@pytest.fixture
def new_scene(ground, tmp_path):
    """A gateway at its very first start: nothing is pinned yet."""
    one = Scene(ground, tmp_path / "scene", seed=20261127)
    yield one
    one.end()
