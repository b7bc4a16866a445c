# SPDX-License-Identifier: Apache-2.0
"""The console in Debian's Chromium, over canned answers.  Without a browser the tests are skipped,
and say so."""
import contextlib
import threading

import pytest

import browsing
import server


@pytest.fixture(scope="session")
def browser():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(browsing.open_browser())
        except browsing.Unavailable as reason:
            pytest.skip(f"no browser here: {reason}")


@contextlib.contextmanager
def serving(world):
    running = server.Server(world)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


@pytest.fixture
def house():
    """The canned answers, as they are."""
    with serving(server.World()) as running:
        yield running


@pytest.fixture
def spoiled():
    """The same with markup in every text."""
    def make(spared):
        return stack.enter_context(serving(server.World(spared)))

    with contextlib.ExitStack() as stack:
        yield make


@pytest.fixture
def visit(browser):
    """visit(url, user, language, size, scheme): a page on which that user is signed in."""
    with contextlib.ExitStack() as stack:
        def go(url, **wishes):
            return stack.enter_context(browsing.visiting(browser, url, **wishes))

        yield go
