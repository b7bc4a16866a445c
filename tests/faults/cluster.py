# SPDX-License-Identifier: Apache-2.0
"""Three brokers of one cluster, each record on all three and none accepted by fewer than two; and
what happens to such clusters: a rolling restart, a broker that is lost."""
import concurrent.futures
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from faults import Fault
from harness import services
from harness.patience import give_up_at

NODES = 3
IN_SYNC_TIMEOUT = 120


def options_of(number, controllers):
    voters = ",".join(f"{one}@127.0.0.1:{port}" for one, port in enumerate(controllers, 1))
    settings = {
        "node.id": number, "controller.quorum.voters": voters, "default.replication.factor": 3,
        "min.insync.replicas": 2, "offsets.topic.replication.factor": 3,
        "transaction.state.log.replication.factor": 3, "transaction.state.log.min.isr": 2}
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


class Cluster:
    """Stands where a single broker does in a scene."""

    def __init__(self, folder):
        ports = [services.free_port(2) for _ in range(NODES)]
        self.nodes = [services.Kafka(folder / f"node-{number}", port,
                                     options_of(number, [one + 1 for one in ports]))
                      for number, port in enumerate(ports, 1)]

    def __enter__(self):
        try:
            self.all_at_once(services.Kafka.start)  # none is ready before two are there
            self.wait_in_sync()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.all_at_once(services.Kafka.wipe)

    def all_at_once(self, work):
        with concurrent.futures.ThreadPoolExecutor(NODES) as pool:
            list(pool.map(work, self.nodes))

    @property
    def brokers(self):
        return ",".join(node.brokers for node in self.nodes)

    proxied_brokers = brokers

    def metadata(self, brokers=None):
        return AdminClient({"bootstrap.servers": brokers or self.brokers,
                            "log_level": 0}).list_topics(timeout=10)

    def leader_of(self, topic, partition=0):
        return self.nodes[self.metadata().topics[topic].partitions[partition].leader - 1]

    def topics(self, names):
        """What is known of these topics.  Whichever broker answers may be behind the others."""
        deadline = give_up_at(IN_SYNC_TIMEOUT)
        while missing := set(names) - set((seen := self.metadata().topics)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not known in {IN_SYNC_TIMEOUT} s: {sorted(missing)}")
            time.sleep(0.2)
        return [seen[name] for name in names]

    def wait_in_sync(self, topics=()):
        """Until every broker knows these topics, and says that every partition has all its
        replicas again."""
        deadline = give_up_at(IN_SYNC_TIMEOUT)
        while behind := [line for node in self.nodes for line in self.behind(node, topics)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not in sync in {IN_SYNC_TIMEOUT} s: {behind[:5]}")
            time.sleep(0.2)

    def behind(self, node, topics):
        try:
            seen = self.metadata(node.brokers)
        except KafkaException as error:
            return [f"{node.brokers}: {error}"]
        missing = set(topics) - set(seen.topics)
        lacking = [name for name, topic in seen.topics.items() for one in
                   topic.partitions.values() if len(one.isrs) < NODES]
        alone = [] if len(seen.brokers) == NODES else [f"{len(seen.brokers)} brokers"]
        return [f"{node.brokers}: {what}" for what in (*alone, *missing, *lacking)]


class RollingRestart(Fault):
    """One broker after another is stopped and started, when the others have all records."""
    name, touches, lasts, loses_answers = "rolling-restart", "broker", (0, 0), False

    def apply(self, scene):
        for node in scene.kafka.nodes:
            node.stop()
            node.start()
            scene.kafka.wait_in_sync()


class LostLeader(Fault):
    """The leader of the first partition is killed, and publishing goes on without it."""
    name, touches, lasts, loses_answers = "lost-leader", "broker", (0, 0), False
    most_wait = 60  # seconds until the others lead, on a machine that has much else to do

    def __init__(self, dice):
        super().__init__(dice)
        self.lost = None

    def apply(self, scene):
        scene.kafka.wait_in_sync()  # else nobody may lead what the killed one alone has
        self.lost = scene.kafka.leader_of(scene.gateway.topic())
        self.lost.kill()
        before, deadline = published(scene), give_up_at(self.most_wait)
        while published(scene) <= before:
            if time.monotonic() > deadline:
                behind = [line for node in scene.kafka.nodes if node is not self.lost
                          for line in scene.kafka.behind(node, ())]
                raise TimeoutError(f"nothing was published in {self.most_wait} s without a leader:"
                                   f" {behind[:6]}\n{scene.gateway.log()[-1500:]}")
            time.sleep(0.2)

    def heal(self, scene):
        self.lost.start()
        scene.kafka.wait_in_sync()


def published(scene):
    """By the daemon's own count."""
    lines = scene.gateway.get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines
               if line.startswith("lienthong_published_total"))
