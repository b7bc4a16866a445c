# SPDX-License-Identifier: Apache-2.0
"""The kill loop in short; `tests/e2e/killloop.py` is the long one."""
import pytest

import killloop

pytestmark = pytest.mark.broker


def test_kills_under_load_lose_double_and_reorder_nothing(own_kafka, registry, tmp_path, request):
    options = killloop.parse(["--kills", str(request.config.getoption("--kills")),
                              "--handoffs", str(request.config.getoption("--handoffs")),
                              "--broker-faults", "2", "--clients", "8", "--pause", "0"])
    assert killloop.Loop(options, own_kafka, registry, tmp_path / "gateway").run() == []
