# SPDX-License-Identifier: Apache-2.0
"""Partners whose servers want a certificate of ours.  One that they do not take holds deliveries up
and says why; it makes no dead letter, and all goes out in order once it was exchanged."""
import pytest

from harness import documents
from harness.certificates import Authority
from harness.delivering import FAST, Sender, findings_at, rows, wait_delivery
from harness.tls_front import TlsFront

pytestmark = pytest.mark.broker
AGENCY = "000.10.41.H09"
# As nginx answers; other servers end TLS with an alert.
NGINX = ("<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n"
         "<center><h1>400 Bad Request</h1></center>\r\n"
         "<center>No required SSL certificate was sent</center>\r\n</body>\r\n</html>\r\n")


@pytest.fixture
def scene(gateways, kafka, registry, partners, authority):
    """Makes a gateway and its one partner, which wants a certificate of `authority`; `server` is of
    the partner."""
    fronts = []

    def make(server=None, **deliver):
        certificate, ca_file = authority.issue("kiem-tra", "localhost"), str(authority.ca_file)
        own = {"certificate": certificate, "client_ca": ca_file} if server else {}
        partner = partners("kiem-tra", "lienthong-xml", agencies=[AGENCY], host="localhost", **own,
                           **(server or {}), deliver={"ca_file": ca_file, **deliver})
        if not server:
            fronts.append(TlsFront(partner.port, certificate, ca_file))
            partner.deliver["url"] = f"https://localhost:{fronts[0].port}"
        gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                           partners=rows([partner]))
        return gateway, partner

    yield make
    for front in fronts:
        front.end()


def ours(certificate):
    """Both in one file."""
    return {"certificate_file": str(certificate), "key_file": str(certificate)}


def post(gateway):
    sender = Sender(gateway, "C")
    return [sender.post(documents.dossier_code(1), receiver=AGENCY, no=no) for no in range(1, 4)]


@pytest.mark.parametrize("server", [None, {"http2": ()}], ids=["http1", "http2"])
def test_a_server_that_wants_a_certificate_gets_everything_with_it(scene, authority, server):
    gateway, partner = scene(server, **ours(authority.issue("gateway", "gateway.test")))
    sent = post(gateway)
    partner.wait_taken([one.key for one in sent])
    assert findings_at(partner, sent) == []
    assert "reached" in gateway.run("partner", "test", partner.id).stdout


def none(_authority, _folder):
    return {}


def ended(authority, _folder):
    return ours(authority.issue("ended", "gateway.test", days=-3))


def of_another_authority(_authority, folder):
    return ours(Authority(folder / "other").issue("gateway", "gateway.test"))


@pytest.mark.parametrize("make, word", [(none, "wants a certificate"), (ended, "has ended"),
                                        (of_another_authority, "authority")])
def test_a_certificate_that_is_not_taken_says_so_and_loses_nothing(scene, authority, tmp_path, make,
                                                                   word):
    gateway, partner = scene(**make(authority, tmp_path))
    sent = post(gateway)
    said = wait_delivery(gateway, partner.id, sent[0].key,
                         lambda found: found["cause"] == "tls:certificate_refused", timeout=12)
    assert (said["state"], said["attempts"]) == ("waiting", 0) and word in said["detail"], said
    tested = gateway.run("partner", "test", partner.id, check=False)
    assert tested.returncode != 0 and word in tested.stdout + tested.stderr, tested
    assert partner.requests() == []
    partner.deliver |= ours(authority.issue("mended", "gateway.test"))
    gateway.write_partners(rows([partner]))
    gateway.reload()
    partner.wait_taken([one.key for one in sent])
    assert findings_at(partner, sent) == []


def test_a_page_that_asks_for_a_certificate_is_no_refusal_of_the_document(scene, authority):
    gateway, partner = scene(**ours(authority.issue("gateway", "gateway.test")))
    partner.behave({"kind": "status", "status": 400, "page": NGINX})
    sent = post(gateway)
    said = wait_delivery(gateway, partner.id, sent[0].key, lambda found: found["cause"])
    assert (said["state"], said["cause"]) == ("waiting", "tls:certificate_refused"), said
    partner.behave()
    partner.wait_taken([one.key for one in sent])
    assert findings_at(partner, sent) == []
