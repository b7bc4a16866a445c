# SPDX-License-Identifier: Apache-2.0
"""Three brokers: what an operator does to them by plan, and what happens to them without one."""
import random
import types

import pytest

from cluster import Cluster, LostLeader, RollingRestart
from scene import Scene

SECONDS = 2
TOPICS = ("dossier-events", "deliveries", "dead-letters", "progress")


@pytest.fixture(scope="module")
def scene_of_three(ground, tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        three = types.SimpleNamespace(
            kafka=cluster, registry=ground.registry, registry_proxy=ground.registry_proxy,
            registry_url=ground.registry_url)
        one = Scene(three, tmp_path_factory.mktemp("scene"), seed=20261128).start()
        cluster.wait_in_sync([one.gateway.topic(name) for name in TOPICS])
        yield one
        one.end()


def test_each_record_is_on_three_brokers(scene_of_three):
    ours = scene_of_three.kafka.topics([scene_of_three.gateway.topic(name) for name in TOPICS])
    assert {len(one.isrs) for topic in ours for one in topic.partitions.values()} == {3}


@pytest.mark.deadline(600)
@pytest.mark.parametrize("kind", [LostLeader, RollingRestart])
def test_brokers_that_come_and_go_lose_double_and_reorder_nothing(scene_of_three, kind):
    before = len(scene_of_three.sent)
    fault = kind(random.Random(kind.name))
    assert scene_of_three.run(kind.name, SECONDS, [(0.3, fault)]) == []
    assert len(scene_of_three.sent) > before + 20
