# SPDX-License-Identifier: Apache-2.0
"""Readers of Kafka that share no code with the gateway."""
import datetime
import io
import json
import struct
import time
import uuid

import fastavro
import requests
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from harness.patience import give_up_at

OPEN_FOR = 5  # seconds that the end of a transaction is waited for


def millis(value):
    """Times as the UTC milliseconds that they were written as, everything else as it is."""
    if isinstance(value, dict):
        return {name: millis(member) for name, member in value.items()}
    if isinstance(value, list):
        return [millis(member) for member in value]
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    return value


class Record:
    """One Kafka record with its decoded value."""

    def __init__(self, message, event, schema_id):
        self.partition, self.offset = message.partition(), message.offset()
        self.timestamp = message.timestamp()[1]
        self.key = message.key().decode() if message.key() is not None else None
        self.raw = message.value()
        self.headers = {name: value.decode() for name, value in message.headers() or []}
        self.event = event
        self.schema_id = schema_id


class FastavroDecoder:
    """Confluent framing by hand, schema by a plain GET, decoding by fastavro."""

    def __init__(self, registry_url, auth=None):
        self.url, self.session, self.schemas = registry_url, requests.Session(), {}
        self.session.auth = auth

    def schema(self, schema_id):
        if schema_id not in self.schemas:
            answer = self.session.get(f"{self.url}/schemas/ids/{schema_id}", timeout=10)
            answer.raise_for_status()
            self.schemas[schema_id] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
        return self.schemas[schema_id]

    def __call__(self, payload):
        if payload is None:
            return None, None
        magic, schema_id = struct.unpack(">bI", payload[:5])
        assert magic == 0, f"no Confluent framing: {payload[:8].hex()}"
        stream = io.BytesIO(payload[5:])
        event = fastavro.schemaless_reader(stream, self.schema(schema_id), None)
        assert not stream.read(1), "bytes are left over after the datum"
        return millis(event), schema_id


def confluent_decoder(registry_url, topic):
    """Confluent's own deserialiser.  The strategy is named, since its default asks a route that
    Apicurio does not have."""
    client = SchemaRegistryClient({"url": registry_url})
    decode = AvroDeserializer(client, conf={"subject.name.strategy": topic_subject_name_strategy})
    where = SerializationContext(topic, MessageField.VALUE)
    return lambda payload: millis(decode(payload, where))


def read_topic(brokers, topic, decode=None, *, until=None, timeout=60):
    """Every committed record of a topic, in the order of each partition.

    Reads to the end of all partitions, and on until `until(records)` holds, if given; raises
    TimeoutError when that takes longer than `timeout` seconds.  The broker writes a transaction's
    end into the partitions after it has said that it is committed, so what an open one holds back is
    waited for a while."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"e2e-{uuid.uuid4()}",
                         "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed", "enable.partition.eof": True, "log_level": 0})
    records, ended, deadline = [], {}, give_up_at(timeout)
    try:
        partitions = _partitions(consumer, topic, deadline)
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        while True:
            message = consumer.poll(0.2)
            if message is not None and not message.error():
                event, schema_id = decode(message.value()) if decode else (None, None)
                records.append(Record(message, event, schema_id))
                ended.pop(message.partition(), None)
            elif message is not None and message.error().code() == KafkaError._PARTITION_EOF:
                _, high = consumer.get_watermark_offsets(
                    TopicPartition(topic, message.partition()), cached=True)
                is_whole = message.offset() >= high
                ended[message.partition()] = time.monotonic() + (0 if is_whole else OPEN_FOR)
            now = time.monotonic()
            if len(ended) == len(partitions) and now >= max(ended.values()) \
                    and (until is None or until(records)):
                return records
            if now > deadline:
                raise TimeoutError(f"{topic}: {len(records)} records after {timeout} s")
    finally:
        consumer.close()


def _partitions(consumer, topic, deadline):
    while time.monotonic() < deadline:
        found = consumer.list_topics(topic, timeout=10).topics[topic]
        if found.partitions and not found.error:
            return found.partitions
        time.sleep(0.2)
    raise TimeoutError(f"there is no topic {topic}")
