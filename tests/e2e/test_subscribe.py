# SPDX-License-Identifier: Apache-2.0
"""The kill loop of the subscriber in short; `tests/e2e/subscribeloop.py` is the long one."""
import pytest

import subscribeloop

pytestmark = pytest.mark.broker


def test_kills_and_rebalances_lose_and_double_no_delivery(own_kafka, tmp_path):
    options = subscribeloop.parse(["--kills", "30", "--rebalances", "3", "--broker-faults", "1",
                                   "--seed", "20250512"])
    assert subscribeloop.Loop(options, own_kafka, tmp_path).run() == []
