# SPDX-License-Identifier: Apache-2.0
"""Signing in with a real OpenID Connect provider."""
import re
import urllib.parse

import pytest
import requests

from harness import oidc, services, visitor
from harness.visitor import Visitor, record

pytestmark = pytest.mark.asan

ROLES = {"lan": ["operator", "unknown-here"], "minh": ["unknown-here"], "nghiviec": ["operator"]}
USERS = {"nghiviec": {"roles": ["viewer"], "disabled": True}}


@pytest.fixture(scope="session")
def fetched_provider():
    try:
        oidc.fetch()
    except services.Unavailable as reason:
        pytest.skip(f"no OpenID Connect provider here: {reason}")


@pytest.fixture
def house(fetched_provider, gateways, tmp_path):
    """Makes a provider and a daemon that knows it; the daemon, the console's address, the provider."""
    made = []

    def make(*, issuer=None, start=True, secret="", method="none", algorithm="RS256"):
        gateway = gateways(start=False)
        address = visitor.open_console(gateway, USERS)
        provider = oidc.OidcProvider(tmp_path, f"{address}/operate/v1/oidc/callback", roles=ROLES,
                                     secret=secret, method=method, algorithm=algorithm)
        settings = {"public_url": address, "oidc_issuer": issuer or provider.issuer,
                    "oidc_client_id": "lienthong"}
        if secret:
            (gateway.folder / "secret").write_text(secret + "\n")
            settings["oidc_client_secret_file"] = str(gateway.folder / "secret")
        gateway.write_config(operate=settings)
        made.append(provider)
        if start:
            provider.start()
        gateway.start()
        return gateway, address, provider

    yield make
    for provider in made:
        provider.stop()


def go(one):
    """The address at the provider to which the console sends the browser."""
    answer = one.call("GET", "oidc/login")
    assert answer.status_code == 302, answer.text
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("lt_oidc=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/operate/v1/oidc", "Secure"} <= {
        part.strip() for part in cookie.split(";")}
    for kept in one.http.cookies:
        kept.secure = False
    return answer.headers["Location"]


def come(one, target):
    answer = one.http.get(target, timeout=30, allow_redirects=False)
    for kept in one.http.cookies:
        kept.secure = False
    return answer


WAYS = [("none", "", "RS256"), ("none", "", "ES256"),
        ("client_secret_basic", "a secret: 1+1=2 & 50% more", "RS256"),
        ("client_secret_post", "a secret of some length 0123456789", "RS256")]


@pytest.mark.parametrize("method, secret, algorithm", WAYS)
def test_who_signs_in_there_is_in_here_with_the_roles_of_there(house, method, secret, algorithm):
    gateway, address, _ = house(method=method, secret=secret, algorithm=algorithm)
    one = Visitor(address)
    target = go(one)
    query = urllib.parse.parse_qs(urllib.parse.urlparse(target).query)
    assert query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"]
    assert re.fullmatch(r"[0-9a-f]{64}", query["state"][0])
    assert re.fullmatch(r"[0-9a-f]{64}", query["nonce"][0])

    answer = come(one, oidc.sign_in(target, "lan"))
    assert answer.status_code == 200, answer.text + gateway.log()[-2000:]
    assert "lt_session=" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    assert 'http-equiv="refresh" content="0;url=/"' in answer.text
    me = one.call("GET", "me").json()
    assert me["user"] == "oidc:lan" and me["title"] == "Tên của lan"
    assert me["rights"] == ["view", "content", "repair"]
    assert one.call("POST", "files/prune", headers={"X-Csrf-Token": me["csrf"]}).status_code == 403
    assert record(gateway, "login") == [
        ("oidc:lan", "127.0.0.1", "login", "", "", "done", '{"by":"oidc"}')]
    assert secret == "" or secret not in gateway.log()


@pytest.mark.parametrize("user", ["minh", "nghiviec"])
def test_who_has_no_role_or_is_disabled_here_stays_out(house, user):
    gateway, address, _ = house()
    one = Visitor(address)
    answer = come(one, oidc.sign_in(go(one), user))
    assert answer.status_code == 403 and "lt_session" not in one.http.cookies
    assert one.call("GET", "me").status_code == 401
    assert record(gateway, "login-failed")[0][0] == f"oidc:{user}"


def test_a_way_back_that_another_browser_began_is_refused(house):
    gateway, address, _ = house()
    one, victim = Visitor(address), Visitor(address)
    target = oidc.sign_in(go(one), "lan")
    assert come(victim, target).status_code == 403  # without a login of its own
    go(victim)
    assert come(victim, target).status_code == 403  # with another
    assert victim.call("GET", "me").status_code == 401
    assert come(one, target).status_code == 200
    assert [row[0] for row in record(gateway)] == ["oidc:lan"]


def test_a_way_back_counts_once(house):
    _, address, _ = house()
    one = Visitor(address)
    target = go(one)
    cookie = one.http.cookies["lt_oidc"]
    back = oidc.sign_in(target, "lan")
    assert come(one, back).status_code == 200
    again = requests.get(back, headers={"Cookie": f"lt_oidc={cookie}"}, timeout=30)
    assert again.status_code == 403  # the provider takes its code back once


@pytest.mark.parametrize("change", [{"state": "0" * 64}, {"state": None}, {"code": None},
                                    {"code": "wrong"}, {"error": "access_denied", "code": None}])
def test_a_changed_way_back_is_refused(house, change):
    _, address, _ = house()
    one = Visitor(address)
    parts = urllib.parse.urlparse(oidc.sign_in(go(one), "lan"))
    query = {name: values[0] for name, values in urllib.parse.parse_qs(parts.query).items()}
    query = {name: value for name, value in {**query, **change}.items() if value is not None}
    answer = come(one, parts._replace(query=urllib.parse.urlencode(query)).geturl())
    assert answer.status_code == 403 and "lt_session" not in one.http.cookies


def test_who_is_disabled_here_meanwhile_is_signed_out(house):
    gateway, address, _ = house()
    one = Visitor(address)
    assert come(one, oidc.sign_in(go(one), "lan")).status_code == 200
    visitor.write_operators(gateway, {"lan": {"roles": ["viewer"], "disabled": True}})
    assert visitor.call_locally(gateway, "POST", "directory/reload")[0] == 200
    assert one.call("GET", "me").status_code == 401


def test_roles_that_are_changed_here_count_at_once(house):
    gateway, address, _ = house()
    one = Visitor(address)

    def change(*rights):
        """What an operator may, from now on."""
        visitor.write_operators(gateway, USERS, [{"name": "operator", "rights": list(rights)}])
        assert visitor.call_locally(gateway, "POST", "directory/reload")[0] == 200

    assert come(one, oidc.sign_in(go(one), "lan")).status_code == 200
    me = one.call("GET", "me").json()
    assert me["rights"] == ["view", "content", "repair"]
    change("view", "approve")
    assert one.call("GET", "me").json()["rights"] == ["view", "approve"]
    answer = one.call("POST", "jobs/1/cancel", {"reason": "x"}, {"X-Csrf-Token": me["csrf"]})
    assert answer.status_code == 403 and answer.json()["code"] == "no-right"


def test_who_has_no_role_here_any_more_is_signed_out(house):
    gateway, address, _ = house()
    one = Visitor(address)
    visitor.write_operators(gateway, USERS, [{"name": "unknown-here", "rights": ["view"]}])
    assert visitor.call_locally(gateway, "POST", "directory/reload")[0] == 200
    assert come(one, oidc.sign_in(go(one), "minh")).status_code == 200
    visitor.write_operators(gateway, USERS)
    assert visitor.call_locally(gateway, "POST", "directory/reload")[0] == 200
    assert one.call("GET", "me").status_code == 401


def test_a_provider_out_of_reach_is_said_and_asked_again_later(house):
    gateway, address, provider = house(start=False)
    one = Visitor(address)
    answer = one.call("GET", "oidc/login")
    assert answer.status_code == 503, answer.text
    assert "operate.oidc_failed" in gateway.log()
    provider.start()
    assert come(one, oidc.sign_in(go(one), "lan")).status_code == 200


def test_without_a_provider_there_is_no_such_call(fetched_provider, gateways):
    gateway = gateways(start=False)
    address = visitor.open_console(gateway, USERS)
    gateway.start()
    assert Visitor(address).call("GET", "oidc/login").status_code == 404
