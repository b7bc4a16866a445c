# SPDX-License-Identifier: Apache-2.0
"""Partners that are known by a client certificate, over HTTPS, with and without a key."""
import http.client
import ssl
import time
import warnings

import pytest

from harness import certificates, documents
from harness.certificates import Authority
from harness.gateway import PARTNERS, PATIENCE, XML
from harness.patience import give_up_at

pytestmark = pytest.mark.asan

DAY_S = 86400
BY_PRINT, BY_NAME, BY_KEY = (one["id"] for one in PARTNERS)


class Caller:
    """One connection, kept open."""

    def __init__(self, gateway, context):
        self.gateway = gateway
        self.http = http.client.HTTPSConnection("localhost", gateway.port, timeout=20,
                                                context=context)

    def ask(self, key_of=None, path="/v1/dossiers/000.12.40.H09-250512-0001"):
        """Status and problem of a question that anybody whom it knows may ask; a dossier that is not
        there answers 404."""
        headers = self.gateway.authorised(key_of) if key_of else {}
        self.http.request("GET", path, headers=headers)
        answer = self.http.getresponse()
        body = answer.read()
        return answer.status, body.decode()

    def shown(self):
        """The serial number of the server's certificate on a new connection."""
        self.http.close()
        self.http.connect()
        return self.http.sock.getpeercert()["serialNumber"]


class Scene:
    """A gateway over HTTPS, and certificates for those who call."""

    def __init__(self, gateways, authority, folder):
        self.authority, self.folder = authority, folder
        self.print_pem = authority.issue("by-print", "client.test")
        self.name_pem = authority.issue("by-name", "client.test")
        self.crl = authority.revoke(folder / "crl.pem")
        self.server_pem = folder / "server.pem"
        self.server_pem.write_bytes(authority.issue("server").read_bytes())
        self.gateway = gateways(start=False, partners=self.partners(), config={"http": {
            "certificate": str(self.server_pem), "private_key": str(self.server_pem),
            "client_ca": str(authority.ca_file), "client_crl": str(self.crl)}})
        self.gateway.start(wait=False)
        self.gateway.wait_for_log("event=http.listening")

    def partners(self, **more):
        subject, issuer = certificates.names(self.name_pem)
        known = {BY_PRINT: [{"fingerprint": certificates.fingerprint(self.print_pem)}],
                 BY_NAME: [{"subject": subject, "issuer": issuer}], BY_KEY: None}
        return [{**one, **({"certificates": known[one["id"]]} if known[one["id"]] else {}),
                 **more.get(one["id"], {})} for one in PARTNERS]

    def caller(self, certificate=None, version=None):
        return Caller(self.gateway, certificates.client_context(self.authority.ca_file,
                                                                certificate, version))

    def reload(self):
        """Until it is done."""
        count = self.gateway.log().count("event=directory.reloaded")
        self.gateway.reload()
        deadline = give_up_at(20)
        while self.gateway.log().count("event=directory.reloaded") == count:
            assert time.monotonic() < deadline, self.gateway.log()[-2000:]
            time.sleep(0.02)


@pytest.fixture
def scene(gateways, authority, tmp_path):
    return Scene(gateways, authority, tmp_path)


def test_a_certificate_says_who_calls(scene):
    for certificate, partner in ((scene.print_pem, BY_PRINT), (scene.name_pem, BY_NAME)):
        caller = scene.caller(certificate)
        assert caller.ask()[0] == 404
        assert caller.ask(partner)[0] == 404  # and its own key beside it
    sender = scene.caller(scene.print_pem)
    sender.http.request("POST", "/v1/handoffs", documents.native_xml("C-1", "000.12.40.H09-250512-0001"),
                        {"Content-Type": XML})
    answer = sender.http.getresponse()
    assert answer.status == 202, answer.read()
    answer.read()
    assert sender.ask()[0] == 200
    assert scene.caller().ask(BY_KEY)[0] == 200  # a key goes on being enough where nothing is said


def test_a_renewed_certificate_of_the_same_name_is_known(scene):
    before = certificates.names(scene.name_pem), certificates.fingerprint(scene.name_pem)
    again = scene.authority.issue("by-name", "client.test")
    assert certificates.names(again) == before[0]
    assert certificates.fingerprint(again) != before[1]
    assert scene.caller(again).ask()[0] == 404


@pytest.mark.parametrize("key_of, code", [
    (None, "no-credential"), ("nobody", "unknown-credential")])
def test_without_a_certificate_it_is_as_before(scene, key_of, code):
    scene.gateway.keys["nobody"] = "guessed"
    status, body = scene.caller().ask(key_of)
    assert status == 401 and code in body


def test_a_certificate_that_nobody_has_is_not_passed_over(scene):
    stranger = scene.caller(scene.authority.issue("stranger", "client.test"))
    for key_of in (None, BY_KEY):
        status, body = stranger.ask(key_of)
        assert status == 401 and "unknown-credential" in body


def test_key_and_certificate_of_two_partners_are_refused(scene):
    status, body = scene.caller(scene.print_pem).ask(BY_NAME)
    assert status == 401 and "unknown-credential" in body


def test_a_bad_certificate_is_refused_and_says_why(scene, tmp_path):
    other = Authority(tmp_path / "other")
    for certificate, flaw in ((scene.authority.issue("expired", "client.test", days=-1), "expired"),
                              (other.issue("by-print", "client.test"), "of an unknown authority")):
        for key_of in (None, BY_KEY):
            status, body = scene.caller(certificate).ask(key_of)
            assert status == 401 and "bad-certificate" in body and flaw in body, body


def test_a_certificate_may_be_required(scene):
    scene.gateway.write_partners(scene.partners(**{BY_PRINT: {"certificate_required": True}}))
    scene.reload()
    status, body = scene.caller().ask(BY_PRINT)
    assert status == 401 and "certificate-needed" in body
    assert scene.caller(scene.print_pem).ask()[0] == 404
    assert scene.caller(scene.print_pem).ask(BY_PRINT)[0] == 404


def test_a_revocation_counts_on_open_connections_too(scene):
    caller = scene.caller(scene.print_pem)
    assert caller.ask()[0] == 404
    scene.authority.revoke(scene.crl, scene.print_pem)
    scene.reload()
    socket = caller.http.sock
    status, body = caller.ask()
    assert caller.http.sock is socket, "it was cut"
    assert status == 401 and "revoked" in body
    assert scene.caller(scene.name_pem).ask()[0] == 404


def test_an_old_revocation_list_refuses_everybody(scene):
    scene.authority.revoke(scene.crl, age_days=3)
    scene.reload()
    status, body = scene.caller(scene.name_pem).ask()
    assert status == 401 and "too old" in body
    assert scene.caller().ask(BY_KEY)[0] == 404


@pytest.mark.parametrize("what, flaw", [("certificate", "expired"), ("list", "too old")])
def test_what_ends_counts_on_open_connections_too(scene, what, flaw):
    seconds, pem = min(8 * PATIENCE, 40), scene.name_pem  # less than an idle connection may last
    ends = time.time() + seconds
    if what == "certificate":
        pem = scene.authority.issue("by-name", "client.test", days=seconds / DAY_S)
    else:
        scene.authority.revoke(scene.crl, age_days=1 - seconds / DAY_S)
        scene.reload()
    caller = scene.caller(pem)
    assert caller.ask()[0] == 404
    socket = caller.http.sock
    time.sleep(max(0, ends + 2 - time.time()))
    status, body = caller.ask()
    assert caller.http.sock is socket, "it was cut"
    assert status == 401 and flaw in body


def test_a_new_certificate_of_the_server_cuts_nobody(scene):
    kept, fresh = scene.caller(), scene.caller()
    assert kept.ask(BY_KEY)[0] == 404
    socket, before = kept.http.sock, fresh.shown()
    scene.server_pem.write_bytes(scene.authority.issue("server-2").read_bytes())
    scene.reload()
    assert fresh.shown() != before
    assert kept.ask(BY_KEY)[0] == 404 and kept.http.sock is socket


def test_a_bad_file_keeps_the_certificate(scene):
    fresh = scene.caller()
    before = fresh.shown()
    scene.server_pem.write_text("no certificate")
    scene.gateway.reload()
    scene.gateway.wait_for_log("event=directory.kept")
    assert str(scene.server_pem) in scene.gateway.log()
    assert fresh.shown() == before and fresh.ask(BY_KEY)[0] == 404


@pytest.mark.parametrize("version, is_taken", [
    (ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False),
    (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)])
def test_versions_of_tls(scene, version, is_taken):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that are refused
        caller = scene.caller(scene.print_pem, version)
    if is_taken:
        assert caller.ask()[0] == 404
        assert caller.http.sock.version() == version.name.replace("_", ".")
    else:
        with pytest.raises(ssl.SSLError):
            caller.ask()


def test_settings_that_need_one_another(gateways, authority):
    gateway = gateways(start=False, config={"http": {"client_ca": str(authority.ca_file)}})
    gateway.start(wait=False)
    assert gateway.process.wait(20) == 1
    gateway.process = None
    assert "http.client_ca needs http.certificate" in gateway.log()
