# SPDX-License-Identifier: Apache-2.0
"""The kill loop of spool and publisher in short; `tests/e2e/carryloop.py` is the long one."""
import pytest

import carryloop
from harness.slow import SlowKafka

pytestmark = pytest.mark.broker


def test_kills_between_commit_and_news_double_nothing(fetched, tmp_path):
    options = carryloop.parse(["--kills", "15", "--entries", "12000", "--broker-faults", "1",
                               "--seed", "20250512"])
    kafka = SlowKafka(tmp_path / "kafka", options.delay)
    try:
        kafka.start()
        assert carryloop.Loop(options, kafka, tmp_path).run() == []
    finally:
        kafka.wipe()
