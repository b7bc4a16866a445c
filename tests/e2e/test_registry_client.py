# SPDX-License-Identifier: Apache-2.0
"""The registry client alone, against the real registry: through the probe, without a daemon."""
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import uuid

import pytest
import requests

from harness.gateway import BUILD
from harness.services import ROOT

pytestmark = pytest.mark.broker
SCHEMA = ROOT / "schemas" / "dossier-event.avsc"


def probe(*arguments):
    done = subprocess.run([BUILD / "tests" / "e2e" / "probe", *map(str, arguments)], text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.strip()


@pytest.fixture
def subject():
    return f"registry/client {uuid.uuid4()}-value"


@pytest.fixture
def edited(tmp_path):
    """Our schema after an edit, as a file."""
    def edit(change):
        schema = json.loads(SCHEMA.read_text())
        change(schema)
        path = tmp_path / f"{uuid.uuid4()}.avsc"
        path.write_text(json.dumps(schema))
        return path
    return edit


def test_the_same_text_has_the_same_id_and_comes_back_whole(registry, subject):
    number = probe("id", registry.url, subject, SCHEMA)
    assert number.isdigit()
    assert probe("id", registry.url, subject, SCHEMA) == number
    back = probe("text", registry.url, number)  # laid out anew by some registries
    assert json.loads(back) == json.loads(SCHEMA.read_text())


def test_an_id_that_is_not_there_is_refused(registry):
    assert probe("text", registry.url, 999999).startswith("refuse: ")


def full_transitive(registry, subject):
    quoted = requests.utils.quote(subject, safe="")
    requests.put(f"{registry.url}/config/{quoted}", json={"compatibility": "FULL_TRANSITIVE"},
                 timeout=10).raise_for_status()


# What tests/unit/test_released.c refuses and takes, by the judgement of software that is not ours.
def remove_required(schema):
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "dossier_code"]


def retype(schema):
    field = next(field for field in schema["fields"] if field["name"] == "status")
    field["type"], field["default"] = "long", 0


def add_required(schema):
    schema["fields"].append({"name": "new_field", "type": "string"})


def add_optional(schema):
    schema["fields"].append({"name": "new_field", "type": ["null", "string"], "default": None})


def remove_optional(schema):
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "trace_id"]


def add_symbol(schema):
    field = next(field for field in schema["fields"] if field["name"] == "event_type")
    field["type"]["symbols"].append("NEW_SYMBOL")


@pytest.mark.parametrize("change", [remove_required, retype, add_required])
def test_an_incompatible_edit_is_refused(registry, subject, edited, change):
    probe("id", registry.url, subject, SCHEMA)
    full_transitive(registry, subject)
    assert "incompatible" in probe("id", registry.url, subject, edited(change))


@pytest.mark.parametrize("change", [add_optional, remove_optional, add_symbol])
def test_a_compatible_edit_gets_an_id_of_its_own(registry, subject, edited, change):
    first = probe("id", registry.url, subject, SCHEMA)
    full_transitive(registry, subject)
    second = probe("id", registry.url, subject, edited(change))
    assert second.isdigit() and second != first


def test_an_invalid_schema_is_refused(registry, subject, tmp_path):
    path = tmp_path / "invalid.avsc"
    path.write_text('{"type": "record", "name": "R"}')
    assert probe("id", registry.url, subject, path).startswith("refuse: ")


def test_another_service_at_the_url_is_said(registry, subject):
    answer = probe("id", registry.url + "/no/registry", subject, SCHEMA)
    assert answer.startswith("broken: ") and "no registry" in answer


def test_a_registry_that_hangs_is_given_up(own_registry, subject):
    own_registry.start()
    own_registry.pause()
    try:
        assert probe("id", own_registry.url, subject, SCHEMA).startswith("retry: ")
    finally:
        own_registry.resume()


# ---- TLS: a wrapper before the registry, since Apicurio's own set-up is long ----

def certificate(folder, name, address):
    """A self-signed certificate for an address, as (certificate, key)."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=IP:{address}", "-out", pem, "-keyout", key],
                   check=True, capture_output=True)
    return pem, key


def pump(source, target):
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class TlsBefore:
    """Takes TLS connections and passes them on to a plain port."""

    def __init__(self, port, files):
        self.inner = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            outer = self.context.wrap_socket(plain, server_side=True)
        except OSError:
            return
        with outer, socket.create_connection(("127.0.0.1", self.inner)) as inner:
            back = threading.Thread(target=pump, args=(inner, outer), daemon=True)
            back.start()
            pump(outer, inner)
            back.join(10)

    def close(self):
        self.listener.close()


@pytest.fixture
def tls(registry, tmp_path):
    made = []

    def wrap(address):
        files = certificate(tmp_path, f"registry-{len(made)}", address)
        made.append(TlsBefore(registry.port, files))
        url = registry.url.replace(f"http://127.0.0.1:{registry.port}",
                                   f"https://127.0.0.1:{made[-1].port}")
        return url, pathlib.Path(files[0])

    yield wrap
    for wrapper in made:
        wrapper.close()


def test_a_trusted_certificate_is_enough(tls, subject):
    url, ca_file = tls("127.0.0.1")
    assert probe("id", url, subject, SCHEMA, "-", "-", ca_file).isdigit()


def test_an_unknown_certificate_is_not(tls, subject):
    url, _ = tls("127.0.0.1")
    assert probe("id", url, subject, SCHEMA).startswith("broken: ")


def test_another_s_certificate_is_not(tls, subject):
    url, ca_file = tls("127.0.0.2")
    assert probe("id", url, subject, SCHEMA, "-", "-", ca_file).startswith("broken: ")
