# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one broker and one registry for the whole run, a daemon of its own for each test that
asks for one.  Without Java, Maven or a network the tests that need them are skipped, and say so."""
import pytest

from harness import services
from harness.certificates import Authority
from harness.gateway import Gateway
from harness.partner import Partner

pytest_plugins = ["harness.session"]


def pytest_addoption(parser):
    parser.addoption("--pictures", help="folder in which the guide's pictures are made anew")
    parser.addoption("--outage-seconds", type=float, default=12, help="of the broker, and of a partner, under load")
    parser.addoption("--kills", type=int, default=8, help="of the daemon in the kill loop")
    parser.addoption("--order-dossiers", type=int, default=100, help="toward ten partners")
    parser.addoption("--order-events", type=int, default=10, help="of each of these dossiers")
    parser.addoption("--delivery-rounds", type=int, default=3,
                     help="of calm and trouble in turns, beside a partner that misbehaves")
    parser.addoption("--delivery-kills", type=int, default=8, help="of the daemon while it delivers")
    parser.addoption("--handoffs", type=int, default=1500, help="at least, in the kill loop")


@pytest.fixture(scope="session")
def fetched():
    try:
        services.fetch()
    except services.Unavailable as reason:
        pytest.skip(f"no real broker and registry here: {reason}")


@pytest.fixture(scope="session")
def kafka(fetched, tmp_path_factory):
    service = services.Kafka(tmp_path_factory.mktemp("broker") / "kafka")
    yield from _running(service)


@pytest.fixture(scope="session")
def registry(fetched, tmp_path_factory):
    service = services.Registry(tmp_path_factory.mktemp("broker") / "registry")
    yield from _running(service)


@pytest.fixture
def own_kafka(fetched, tmp_path):
    """A broker that the test may stop and kill."""
    yield from _running(services.Kafka(tmp_path / "kafka"))


@pytest.fixture
def own_registry(fetched, tmp_path):
    """A registry that the test may stop; not started yet."""
    service = services.Registry(tmp_path / "registry")
    yield service
    service.wipe()


@pytest.fixture
def s3(tmp_path):
    """An S3 server that the test may stop and pause."""
    try:
        services.fetch_s3()
    except services.Unavailable as reason:
        pytest.skip(f"no S3 server here: {reason}")
    yield from _running(services.S3(tmp_path / "s3"))


def _running(service):
    try:
        yield service.start()
    finally:
        service.wipe()


@pytest.fixture
def gateways(tmp_path):
    """Makes daemons, each with a folder of its own; ends them cleanly after the test."""
    made = []

    def make(*, start=True, topics=True, **options):
        made.append(Gateway(tmp_path / f"gateway-{len(made)}", **options))
        if topics and options.get("brokers"):
            made[-1].run("topics", "create")
        if start:
            made[-1].start()
        return made[-1]

    yield make
    for gateway in made:
        gateway.end()


@pytest.fixture
def partners(tmp_path):
    """Makes partners' systems, each a process of its own; ends them after the test."""
    made = []

    def make(id_, adapter, *, start=True, **options):
        made.append(Partner(tmp_path / f"partner-{id_}", id_, adapter, **options))
        return made[-1].start() if start else made[-1]

    yield make
    for partner in made:
        partner.kill()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Who signs the certificates of the tests."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def gateway(gateways, kafka, registry):
    """A running daemon on the real broker and registry, with topics of its own."""
    return gateways(brokers=kafka.brokers, registry=registry.url)


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory, kafka, registry):
    """The same, for tests that leave it as they found it."""
    one = Gateway(tmp_path_factory.mktemp("shared") / "gateway", brokers=kafka.brokers,
                  registry=registry.url)
    one.run("topics", "create")
    one.start()
    yield one
    one.end()
