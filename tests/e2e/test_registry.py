# SPDX-License-Identifier: Apache-2.0
"""The registry may be away: what is pinned goes on, what is not waits, and nothing is lost."""
import time

import pytest
import requests

from harness import documents
from harness.readers import FastavroDecoder, read_topic

pytestmark = pytest.mark.broker


def message(number):
    return documents.native_xml(f"REG-{number:05d}", documents.dossier_code(number))


def count_on_kafka(kafka, gateway):
    return len(read_topic(kafka.brokers, gateway.topic()))


def test_the_schema_is_registered_as_its_file_has_it(gateway, registry):
    gateway.wait_published(gateway.accept(message(1))[0]["receipt"])
    answer = requests.get(f"{registry.url}/subjects/{gateway.topic()}-value/versions/latest",
                          timeout=10)
    assert answer.status_code == 200
    assert "pii" in answer.json()["schema"] and "timestamp-millis" in answer.json()["schema"]


def test_with_pinned_ids_an_outage_stops_nothing(gateways, kafka, own_registry):
    own_registry.start()
    gateway = gateways(brokers=kafka.brokers, registry=own_registry.url)
    gateway.wait_published(gateway.accept(message(1))[0]["receipt"])
    own_registry.stop()
    gateway.wait_published(gateway.accept(message(2))[0]["receipt"])
    gateway.kill()
    gateway.start()
    gateway.wait_published(gateway.accept(message(3))[0]["receipt"])


def test_a_registry_without_the_pinned_id_gets_nothing_until_it_has_it(gateways, kafka, own_registry):
    """Another took its place: under the pinned id it has nothing, and then another schema."""
    own_registry.start()
    gateway = gateways(brokers=kafka.brokers, registry=own_registry.url)
    gateway.wait_published(gateway.accept(message(1))[0]["receipt"])
    schemas = [requests.get(f"{own_registry.url}/subjects/{subject}/versions/latest", timeout=10).json()
               for subject in requests.get(f"{own_registry.url}/subjects", timeout=10).json()]
    gateway.stop()
    own_registry.wipe()
    own_registry.start()
    gateway.start()
    receipt = gateway.accept(message(2))[0]["receipt"]
    gateway.wait_for_log("the schema registry is not the one that gave the id")
    assert count_on_kafka(kafka, gateway) == 1
    other = '{"type":"record","name":"Other","fields":[{"name":"a","type":"long"}]}'
    for number in range(max(one["id"] for one in schemas)):
        requests.post(f"{own_registry.url}/subjects/other-{number}/versions", timeout=10,
                      json={"schema": other.replace("Other", f"Other{number}")}).raise_for_status()
    gateway.wait_for_log("it has another schema under it")
    assert count_on_kafka(kafka, gateway) == 1
    # With the ids of before it is as good as the old one.
    own_registry.wipe()
    own_registry.start()
    for one in sorted(schemas, key=lambda one: one["id"]):
        requests.post(f"{own_registry.url}/subjects/{one['subject']}/versions",
                      json={"schema": one["schema"]}, timeout=10).raise_for_status()
    gateway.wait_published(receipt, timeout=90)


def test_unpinned_it_accepts_and_publishes_when_the_registry_comes(gateways, kafka, own_registry):
    gateway = gateways(brokers=kafka.brokers, registry=own_registry.url)
    receipts = [gateway.accept(message(number))[0]["receipt"] for number in range(20)]
    time.sleep(3)
    assert count_on_kafka(kafka, gateway) == 0
    own_registry.start()
    for receipt in receipts:
        gateway.wait_published(receipt)
    records = read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(own_registry.url))
    assert len(records) == 20


def test_a_registry_that_hangs_does_not_hang_acceptance(gateways, kafka, own_registry):
    own_registry.start()
    own_registry.pause()
    gateway = gateways(brokers=kafka.brokers, registry=own_registry.url)
    started = time.monotonic()
    receipt = gateway.accept(message(1))[0]["receipt"]
    assert time.monotonic() - started < 5
    own_registry.resume()
    gateway.wait_published(receipt, timeout=60)


def test_basic_auth(gateways, kafka, own_registry, tmp_path):
    own_registry.options = ["-a", "gateway:a-secret"]
    try:
        own_registry.start()
    except RuntimeError as reason:
        pytest.skip(str(reason).splitlines()[-1])
    (tmp_path / "secret").write_text("a-secret\n")
    gateway = gateways(brokers=kafka.brokers, registry=own_registry.url, config={
        "registry": {"user": "gateway", "password_file": str(tmp_path / "secret")}})
    gateway.wait_published(gateway.accept(message(1))[0]["receipt"])
    decode = FastavroDecoder(own_registry.url, auth=("gateway", "a-secret"))
    assert read_topic(kafka.brokers, gateway.topic(), decode)[0].event["dossier_code"]


def test_a_wrong_password_is_said_and_loses_nothing(gateways, kafka, own_registry, tmp_path):
    own_registry.options = ["-a", "gateway:a-secret"]
    try:
        own_registry.start()
    except RuntimeError as reason:
        pytest.skip(str(reason).splitlines()[-1])
    (tmp_path / "secret").write_text("not-that-one\n")
    gateway = gateways(brokers=kafka.brokers, registry=own_registry.url, config={
        "registry": {"user": "gateway", "password_file": str(tmp_path / "secret")}})
    receipt = gateway.accept(message(1))[0]["receipt"]
    gateway.wait_for_log("401")
    assert "not-that-one" not in gateway.log()
    (tmp_path / "secret").write_text("a-secret\n")
    gateway.stop()
    gateway.start()
    gateway.wait_published(receipt)


def test_an_incompatible_schema_under_the_subject_is_said_and_waits(gateways, kafka, registry):
    gateway = gateways(start=False, brokers=kafka.brokers, registry=registry.url)
    subject = f"{registry.url}/subjects/{gateway.topic()}-value"
    other = ('{"type":"record","name":"DossierEvent","namespace":"vn.lienthong.v1","fields":'
             '[{"name":"event_id","type":"long"}]}')
    requests.post(f"{subject}/versions", json={"schema": other}, timeout=10).raise_for_status()
    gateway.start()
    receipt = gateway.accept(message(1))[0]["receipt"]
    gateway.wait_for_log("compatib")
    assert count_on_kafka(kafka, gateway) == 0
    requests.put(f"{registry.url}/config/{gateway.topic()}-value",
                 json={"compatibility": "NONE"}, timeout=10).raise_for_status()
    gateway.wait_published(receipt, timeout=90)
