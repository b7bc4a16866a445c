# SPDX-License-Identifier: Apache-2.0
"""Personal data and secrets reach neither logs nor metrics nor lists, whatever goes wrong."""
import pytest

from harness import documents
from harness.gateway import JSON

pytestmark = [pytest.mark.broker, pytest.mark.asan]


@pytest.fixture
def gateway(gateways, kafka, registry):
    return gateways(brokers=kafka.brokers, registry=registry.url,
                    config={"log": {"level": "debug"}})


def use(gateway):
    """Good handoffs, refused ones, a conflict, wrong credentials, a kill and a reload."""
    good = documents.native_xml("LOG-1", documents.dossier_code(1))
    gateway.wait_published(gateway.accept(good)[0]["receipt"])
    gateway.post(good)
    gateway.post(good.replace(b"<Channel>1<", b"<Channel>2<"))
    gateway.post(good.replace(b"2025-05-12T14", b"2025-02-31T14"))
    gateway.post(good.replace(b"<FullName>", b"<FullName><b>"))
    gateway.post(good.replace(b"</HandoffMessage>", b""))
    item = documents.progress_item(documents.dossier_code(2), f"Giao cho {documents.APPLICANT}")
    gateway.post(documents.dvcqg_progress([item, {**item, "TrangThai": "x"}]), JSON,
                 partner="tinh-binhduong")
    gateway.call("POST", "/v1/handoffs", good, {"Authorization": "Bearer not-a-key-of-anybody"})
    gateway.kill()
    gateway.start()
    gateway.reload()
    gateway.wait_for_log("directory.reloaded")


def test_logs_and_metrics_hold_no_personal_data_and_no_secret(gateway):
    use(gateway)
    metrics = gateway.call("GET", "/metrics").body.decode()
    gateway.stop()
    secrets = [*gateway.keys.values(), "not-a-key-of-anybody", gateway.pepper.decode(),
               "a-session-that-must-not-be-kept"]
    for word in (*documents.PERSONAL, *secrets):
        assert word not in gateway.log()
        assert word not in metrics


def test_every_log_line_is_one_event_in_logfmt(gateway):
    use(gateway)
    gateway.stop()
    lines = gateway.log().splitlines()
    assert lines
    for line in lines:
        assert " level=" in f" {line}" and "event=" in line, line


def test_metrics_are_in_prometheus_form(gateway):
    use(gateway)
    answer = gateway.call("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = answer.body.decode().splitlines()
    # Of a lag that nobody has asked Kafka for yet the metric says -1.
    assert lines and all(line.startswith("#") or float(line.rsplit(" ", 1)[1]) >= 0
                         or line == "lienthong_subscriber_lag -1" for line in lines)
