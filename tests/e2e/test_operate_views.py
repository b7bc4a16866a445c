# SPDX-License-Identifier: Apache-2.0
"""What operators see, over the Unix socket of a running daemon: searches find what they must and only
that, groups count as things happen, days add up, and what was tampered with is found."""
import csv
import datetime
import io
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import http.client
import urllib.parse

import pytest

from harness import documents
from harness.delivering import FAST, Sender, rows
from harness.gateway import PARTNERS
from harness.patience import until
from harness.services import ROOT

COMMUNE, DISTRICT, PROVINCE = (partner["id"] for partner in PARTNERS)
WARD, TOWN = documents.COMMUNE, documents.DISTRICT
UNKNOWN, NOBODYS = "H99.99", documents.PROVINCE
# What must find nothing, whatever the parameter.
INJECTIONS = ["' OR 1=1 --", "x' UNION SELECT name FROM name --", "'; DROP TABLE entry; --",
              "\" OR \"\"=\"", "%", "_", "*", "x' OR cause GLOB '*", "1; DELETE FROM audit",
              "missing%", "\\' OR 1=1 --"]


class Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))


def ask(gateway, path, *, method="GET", body=None, headers=None, **query):
    """(status, headers, text) of one of the operators' calls."""
    words = {name.rstrip("_"): value for name, value in query.items() if value is not None}
    target = f"/operate/v1/{path}" + ("?" + urllib.parse.urlencode(words) if words else "")
    connection = Local(gateway.settings["admin"]["socket"])
    try:
        connection.request(method, target, json.dumps(body) if body is not None else None,
                           headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def view(gateway, path, **query):
    status, _, text = ask(gateway, path, **query)
    assert status == 200, (path, query, status, text)
    return json.loads(text)


def items(gateway, path, **query):
    return view(gateway, path, **query)["items"]


def receipts(gateway, **query):
    return {one["receipt"] for one in items(gateway, "entries", limit=1000, **query)}


def code(number, agency=WARD):
    return documents.dossier_code(number, agency)


def broken(message, dossier):
    """A handoff to an agency that does not exist: a person must look at it."""
    return documents.marked_xml(message, dossier, "sai", receiver=UNKNOWN)


def posted(gateway, body, partner=COMMUNE):
    answer = gateway.post(body, partner=partner)
    assert answer.status in (202, 422), answer
    return answer.receipts()[0]["receipt"]


@pytest.fixture
def gateway(gateways):
    """What is broken is kept, for a person."""
    partners = [{**partner, "invalid": "parked"} for partner in PARTNERS]
    return gateways(partners=partners, config=FAST)


class Filled:
    """A dozen entries, each known."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.plain = [posted(gateway, documents.native_xml(f"p-{n}", code(n), no=1))
                      for n in range(1, 5)]
        self.steps = [posted(gateway, documents.marked_xml(f"s-{n}", code(n), "bước",
                                                           kind="STEP_RECORDED", no=2))
                      for n in range(1, 3)]
        self.other = [posted(gateway, documents.marked_xml(f"o-{n}", code(n, TOWN), "khác",
                                                           sender=TOWN, receiver=WARD),
                             DISTRICT) for n in range(1, 3)]
        self.dead = [posted(gateway, broken(f"d-{n}", code(n))) for n in (20, 21, 22)]
        self.parked = [posted(gateway, documents.marked_xml("k-1", code(20), "sau", no=2))]
        self.all = {*self.plain, *self.steps, *self.other, *self.dead, *self.parked}
        for receipt in self.plain + self.steps:
            gateway.wait_published(receipt)
        for receipt in self.other:
            gateway.wait_published(receipt, DISTRICT)


@pytest.fixture
def filled(gateway):
    return Filled(gateway)


# Searches.

def test_a_search_without_words_finds_everything(gateway, filled):
    assert receipts(gateway) == filled.all


@pytest.mark.parametrize("query,names", [
    ({"dossier": code(1)}, ["plain:0", "steps:0"]),
    ({"dossier": code(20)}, ["dead:0", "parked:0"]),
    ({"dossier": code(99)}, []),
    ({"partner": DISTRICT}, ["other"]),
    ({"partner": PROVINCE}, []),
    ({"partner": "nobody"}, []),
    ({"state": "dead"}, ["dead"]),
    ({"state": "parked"}, ["parked"]),
    ({"state": "published"}, ["plain", "steps", "other"]),
    ({"state": "accepted"}, []),
    ({"state": "discarded"}, []),
    ({"cause": "agency"}, ["dead"]),
    ({"cause": "missing"}, []),
    ({"due": "today"}, []),
    ({"type_": "STEP_RECORDED"}, ["steps"]),
    ({"procedure": "1.011442"}, ["plain", "steps", "other", "parked"]),
    ({"procedure": "1.011443"}, []),
    ({"agency": UNKNOWN}, []),
    ({"alias": "NO-SUCH"}, []),
    ({"from_": "2025-01-01", "to": "2025-12-31"}, []),
    ({"from_": "2030-01-01"}, []),
    ({"partner": DISTRICT, "state": "published"}, ["other"]),
    ({"partner": DISTRICT, "state": "dead"}, []),
    ({"dossier": code(20), "state": "dead"}, ["dead:0"]),
    ({"dossier": code(1), "type_": "STEP_RECORDED"}, ["steps:0"]),
    ({"state": "dead", "cause": "agency", "partner": COMMUNE}, ["dead"]),
    ({"partner": COMMUNE, "procedure": "1.011442", "type_": "HANDED_OFF"}, ["plain", "parked"]),
], ids=lambda value: "&".join(f"{name.rstrip('_')}={text}" for name, text in value.items())
    if isinstance(value, dict) else None)
def test_each_filter_finds_what_it_must_and_only_that(gateway, filled, query, names):
    expected = set()
    for name in names:
        group, _, place = name.partition(":")
        expected |= {getattr(filled, group)[int(place)]} if place else set(getattr(filled, group))
    try:
        until(lambda: receipts(gateway, **query) == expected, 10)
    except AssertionError:
        assert receipts(gateway, **query) == expected


def test_agencies_are_found_wherever_an_event_names_them(gateway, filled):
    events = {*filled.plain, *filled.steps, *filled.other, *filled.parked}
    until(lambda: receipts(gateway, agency=WARD) == events, 10)
    assert receipts(gateway, agency=TOWN) == events  # every one is from, to, or for it


def test_days_are_included_on_both_sides(gateway, filled):
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date()
    assert receipts(gateway, from_=today, to=today) == filled.all
    assert receipts(gateway, to=today - datetime.timedelta(days=1)) == set()
    assert receipts(gateway, from_=today + datetime.timedelta(days=1)) == set()


def test_what_is_overdue_is_found_while_it_is_not_over(gateway, filled):
    assert receipts(gateway, due="overdue") == {*filled.parked, *filled.dead}
    assert receipts(gateway, due="overdue", state="dead") == set(filled.dead)


def test_a_receipt_finds_its_one_entry(gateway, filled):
    assert receipts(gateway, receipt=filled.dead[1]) == {filled.dead[1]}
    forged = filled.dead[1][:-1] + ("0" if filled.dead[1][-1] != "0" else "1")
    assert receipts(gateway, receipt=forged) == set()
    assert receipts(gateway, receipt="1") == set()


def test_an_item_says_what_it_is_and_nothing_personal(gateway, filled):
    status, _, text = ask(gateway, "entries", headers={"Accept-Language": "vi"}, dossier=code(20))
    assert status == 200
    newest, oldest = json.loads(text)["items"]
    assert (oldest["state"], oldest["cause"][:7], oldest["behind"]) == ("dead", "agency ", None)
    assert oldest["cause_text"].startswith("Mã cơ quan sai dạng")
    assert (newest["state"], newest["behind"]) == ("parked", filled.dead[0])
    assert not [word for word in documents.PERSONAL if word in text]


@pytest.mark.parametrize("language, sentence, hint", [
    ("vi", "mã cơ quan sai dạng, không tồn tại hoặc không còn hiệu lực", "cần: cơ quan có hiệu lực"),
    ("en", "the agency's code is malformed, unknown or not valid", "expected: an agency of that day")])
def test_what_is_wrong_is_said_in_the_readers_language(gateway, filled, language, sentence, hint):
    del filled
    headers = {"Accept-Language": language}
    entry = json.loads(ask(gateway, "entries", headers=headers, dossier=code(20))[2])["items"][1]
    story = json.loads(ask(gateway, f"entries/{entry['receipt']}", headers=headers)[2])
    group = json.loads(ask(gateway, "failures", headers=headers)[2])["items"][0]
    dead, = (one["text"] for one in story["timeline"] if one["what"] == "dead")
    for said in (entry["detail"], story["facts"]["detail"], group["detail"], dead):
        assert sentence in said and hint in said and "\x1e" not in said, said


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("narrow", [{}, {"partner": COMMUNE}, {"state": "dead"},
                                    {"state": "published"}, {"procedure": "1.011442"}],
                         ids=lambda narrow: "".join(narrow) or "all")
def test_a_cursor_goes_through_everything_once(gateway, filled, order, narrow):
    expected = until(lambda: receipts(gateway, order=order, **narrow), 10)
    until(lambda: len(receipts(gateway, order=order, **narrow))
          == len(receipts(gateway, **narrow)), 10)
    expected = receipts(gateway, **narrow)
    found, after = [], None
    while True:
        page = view(gateway, "entries", limit=2, order=order, after=after, **narrow)
        assert len(page["items"]) <= 2
        found += [one["receipt"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
        assert page["items"], "a page with a cursor and nothing on it"
    assert len(found) == len(set(found)) and set(found) == expected
    numbers = [int(receipt.partition("-")[0]) for receipt in found]
    assert numbers == sorted(numbers, reverse=order == "newest")


@pytest.mark.parametrize("query", [
    {"state": "lost"}, {"due": "yesterday"}, {"order": "sideways"}, {"limit": "0"},
    {"limit": "1001"}, {"limit": "many"}, {"after": "-1"}, {"after": "x"}, {"from_": "soon"},
    {"to": "2026-02-30"}, {"dossier": "x" * 501}])
def test_what_cannot_be_asked_is_refused_by_name(gateway, query):
    status, _, text = ask(gateway, "entries", **query)
    assert status == 400 and next(iter(query)).rstrip("_") in json.loads(text)["detail"], text


SEARCHES = {
    "entries": ["dossier", "receipt", "partner", "agency", "procedure", "type", "alias", "state",
                "cause", "from", "to", "due", "order", "after", "limit"],
    "deliveries": ["partner", "state", "dossier", "unroutable", "order", "after", "limit"],
    "failures": ["partner", "kind"],
    "audit": ["actor", "act", "object", "from", "to", "order", "after", "limit"],
    "reconcile": ["from", "to", "format"],
}


def test_sql_in_a_parameter_is_only_a_text(gateway, filled):
    for path, names in SEARCHES.items():
        for name in names:
            for words in INJECTIONS:
                status, _, text = ask(gateway, path, **{name: words})
                assert status == 400 or json.loads(text)["items"] == [], (path, name, words, text)
    for words in INJECTIONS:
        place = urllib.parse.quote(words, safe="")
        assert ask(gateway, f"failures/{place}/items")[0] == 400
        assert ask(gateway, f"deliveries/{place}")[0] in (400, 404)
        assert ask(gateway, "filters", method="POST", body={"name": words, "filter": {}})[0] == 200
    assert receipts(gateway) == filled.all


# Failures.

def groups(gateway, **query):
    return {(one["kind"], one["partner"], one["cause"].partition(" ")[0]): one
            for one in items(gateway, "failures", **query)}


def test_failures_are_grouped_with_what_waits_behind_them(gateway, filled):
    (key, group), = groups(gateway).items()
    assert key == ("entries", COMMUNE, "agency")
    assert (group["count"], group["parked_behind"], group["sample"]) == (3, 1, filled.dead[2])
    assert group["overdue"] == 3
    found = items(gateway, f"failures/{group['fingerprint']}/items")
    assert [one["receipt"] for one in found] == filled.dead
    page = view(gateway, f"failures/{group['fingerprint']}/items", limit=2)
    rest = view(gateway, f"failures/{group['fingerprint']}/items", limit=2, after=page["next"])
    assert [one["receipt"] for one in page["items"] + rest["items"]] == filled.dead
    assert rest["next"] is None
    assert groups(gateway, partner=DISTRICT) == {} and groups(gateway, kind="deliveries") == {}
    assert receipts(gateway, cause=group["fingerprint"]) == set(filled.dead)


def test_groups_of_deliveries_count_discards_and_releases(gateways, partners):
    town = partners("noi-nhan", "lienthong-xml", agencies=[TOWN])
    gateway = gateways(partners=rows([town]), config=FAST)
    sender = Sender(gateway, "g")
    town.behave({"kind": "status", "status": 400})
    for n in range(1, 4):
        sender.post(code(n))
    sender.post(code(9), receiver=NOBODYS)

    def counted():
        return {(partner, cause): one["count"]
                for (_, partner, cause), one in groups(gateway).items()}

    refused, lost = ("noi-nhan", "answer:status=400"), (None, "route")
    until(lambda: counted() == {refused: 3, lost: 1})
    group = groups(gateway)[("deliveries", *refused)]
    assert group["cause_text"].startswith("The partner's system refuses")
    names = [one["delivery"] for one in items(gateway, f"failures/{group['fingerprint']}/items")]
    assert len(names) == 3 and group["sample"] == names[-1]

    answer = ask(gateway, f"deliveries/{names[0]}/discard", method="POST", body={"reason": "thử"})
    assert answer[0] == 200, answer
    assert counted() == {refused: 2, lost: 1}
    town.behave()
    assert ask(gateway, f"deliveries/{names[1]}/retry", method="POST", body={"reason": "thử"})[0] == 200
    assert counted() == {refused: 1, lost: 1}
    until(lambda: view(gateway, f"deliveries/{names[1]}")["state"] == "delivered")
    unroutable, = items(gateway, "deliveries", unroutable="true")
    assert ask(gateway, f"deliveries/{unroutable['delivery']}/discard", method="POST",
               body={"reason": "thử"})[0] == 200
    assert counted() == {refused: 1}
    overview = view(gateway, "overview")
    assert overview["waiting"]["deliveries"]["dead"] == 1
    assert [one["count"] for one in overview["failures"]] == [1]
    until(lambda: view(gateway, "reconcile")["mismatches"] == 0)


# Deliveries.

def names_of(gateway, limit, **narrow):
    """All deliveries of a list, page by page."""
    found, after = [], None
    while True:
        page = view(gateway, "deliveries", limit=limit, after=after, **narrow)
        found += [one["delivery"] for one in page["items"]]
        after = page["next"]
        if after is None:
            return found


def test_deliveries_are_listed_newest_first_and_the_other_way_round(gateways, partners):
    town = partners("noi-nhan", "lienthong-xml", agencies=[TOWN])
    gateway = gateways(partners=rows([town]), config=FAST)
    sender = Sender(gateway, "n")
    for n in range(1, 6):
        sender.post(code(n))
    sender.post(code(9), receiver=NOBODYS)
    until(lambda: len(items(gateway, "deliveries", state="delivered")) == 5
          and len(items(gateway, "deliveries", state="dead")) == 1)
    newest = names_of(gateway, 1000)
    assert len(newest) == 6 and newest == sorted(newest, key=lambda name: -int(name[2:]))
    for narrow in ({}, {"state": "delivered"}, {"state": "dead"}, {"partner": town.id},
                   {"dossier": code(2)}):
        whole = names_of(gateway, 1000, **narrow)
        assert whole == [name for name in newest if name in whole]
        assert names_of(gateway, 2, **narrow) == whole
        assert names_of(gateway, 2, order="oldest", **narrow) == whole[::-1]
    listed = gateway.run("deliveries", "--json").stdout.splitlines()
    assert [json.loads(line)["delivery"] for line in listed] == newest

    first = view(gateway, "deliveries", limit=3)
    sender.post(code(6))
    until(lambda: len(items(gateway, "deliveries")) == 7)
    rest = view(gateway, "deliveries", limit=9, after=first["next"])
    assert [one["delivery"] for one in first["items"] + rest["items"]] == newest, \
        "what comes meanwhile moves no cursor"


def test_deliveries_are_listed_and_shown_with_their_record(gateways, partners):
    town = partners("noi-nhan", "lienthong-xml", agencies=[TOWN])
    gateway = gateways(partners=rows([town]), config=FAST)
    sender = Sender(gateway, "l")
    for n in range(1, 6):
        sender.post(code(n))
    sender.post(code(9), receiver=NOBODYS)
    until(lambda: len(items(gateway, "deliveries", state="delivered")) == 5
          and len(items(gateway, "deliveries", state="dead")) == 1)
    assert len(items(gateway, "deliveries")) == 6
    lost, = items(gateway, "deliveries", state="dead")
    assert lost["partner"] is None and lost["cause"].endswith("nobody")
    one, = items(gateway, "deliveries", dossier=code(2))
    shown = view(gateway, f"deliveries/{one['delivery']}")
    assert shown["partner"] == "noi-nhan" and shown["trail"] == []
    assert ask(gateway, "deliveries/d-1")[0] == 404 and ask(gateway, "deliveries/1")[0] == 400
    found, after = [], 0
    while after is not None:
        page = view(gateway, "deliveries", limit=2, after=after)
        found += [one["delivery"] for one in page["items"]]
        after = page["next"]
    assert len(found) == len(set(found)) == 6


def test_a_delivery_that_nobody_was_found_for_goes_where_an_operator_says(gateways, partners):
    town = partners("noi-nhan", "lienthong-xml", agencies=[TOWN])
    gateway = gateways(partners=rows([town]), config=FAST)
    sender = Sender(gateway, "u")
    sender.post(code(9), receiver=NOBODYS)
    until(lambda: items(gateway, "deliveries", unroutable="true"))
    lost, = items(gateway, "deliveries", unroutable="true")

    def route(to):
        return gateway.run("deliveries", "route", lost["delivery"], "--to", to, "--reason", "thử",
                           check=False)

    refused = route("khong-co")
    assert refused.returncode == 1 and "nothing is delivered to a partner khong-co" in refused.stderr
    assert view(gateway, f"deliveries/{lost['delivery']}")["state"] == "dead"
    assert route("noi-nhan").returncode == 0
    until(lambda: view(gateway, f"deliveries/{lost['delivery']}")["state"] == "delivered")
    assert len(town.taken()) == 1
    again = route("noi-nhan")
    assert again.returncode == 1 and "not dead" in again.stderr
    until(lambda: view(gateway, "reconcile")["mismatches"] == 0)


# The overview.

def test_the_overview_says_what_flows_and_what_waits(gateway, filled):
    def seen():
        flow = view(gateway, "overview")["flow"]
        last = {name: sum(hour[name] or 0 for hour in flow[-2:])
                for name in ("received", "published")}
        return last == {"received": 12, "published": 8}

    until(seen)
    overview = view(gateway, "overview")
    assert len(overview["flow"]) == 24
    assert overview["waiting"]["entries"] | {"unpublished": 0, "oldest": None} == {
        "unpublished": 0, "oldest": None, "parked": 1, "dead": 3}
    until(lambda: view(gateway, "overview")["due"]["entries"]["overdue"] == 4)
    assert {one["partner"]: (one["last_received"] is not None, one["silent"])
            for one in view(gateway, "overview")["partners"]} == {
                COMMUNE: (True, False), DISTRICT: (True, False), PROVINCE: (False, False)}
    assert [one["count"] for one in overview["failures"]] == [3]
    assert overview["stages"]["publisher"]["state"] == "running"
    assert overview["disk"]["free_bytes"] > 0
    assert overview["proofs"]["mismatches"] == 0 and overview["proofs"]["audit_holds"] is True


def test_an_overview_in_which_nothing_is_new_is_not_sent_again(gateway):
    def again():
        status, headers, _ = ask(gateway, "overview")
        assert status == 200
        known = {"If-None-Match": headers["ETag"]}
        return ask(gateway, "overview", headers=known)[0] == 304

    until(again)
    _, headers, _ = ask(gateway, "overview")
    posted(gateway, broken("e-1", code(1)))
    status, _, text = ask(gateway, "overview", headers={"If-None-Match": headers["ETag"]})
    assert status == 200 and json.loads(text)["waiting"]["entries"]["dead"] == 1


def spool_of(gateway):
    """By hand, while the daemon is stopped."""
    return sqlite3.connect(gateway.folder / "spool.db", isolation_level=None)


def test_a_source_that_sends_no_more_is_silent(gateway, filled):
    gateway.stop()
    with spool_of(gateway) as spool:
        spool.execute("UPDATE entry SET received_at = received_at - 7200000")
    partners = [{**PARTNERS[0], "silence_hours": -1}, *PARTNERS[1:]]
    gateway.write_partners(partners)
    gateway.write_config(operate={"silence_hours": 1})
    gateway.start()

    def silent():
        return {one["partner"] for one in view(gateway, "overview")["partners"] if one["silent"]}

    until(lambda: silent() == {DISTRICT})  # one is never silent, one never sent
    assert gateway.metric("lienthong_source_silent") == 1


# Saved filters.

def test_filters_are_kept_under_their_names(gateway):
    kept = {"state": "dead", "partner": COMMUNE}
    for name in ("Lỗi của phường", "Thứ hai"):
        status, _, text = ask(gateway, "filters", method="POST", body={"name": name, "filter": kept})
        assert status == 200, text
    assert items(gateway, "filters") == [{"name": "Lỗi của phường", "filter": kept},
                                         {"name": "Thứ hai", "filter": kept}]
    ask(gateway, "filters", method="POST", body={"name": "Thứ hai", "filter": None})
    assert [one["name"] for one in items(gateway, "filters")] == ["Lỗi của phường"]
    for bad in ({}, {"name": "", "filter": {}}, {"name": "x"}, {"name": "x", "filter": []},
                {"name": "x" * 101, "filter": {}}, {"name": "x", "filter": {"dossier": "y" * 5000}}):
        assert ask(gateway, "filters", method="POST", body=bad)[0] == 400, bad


# Reconciliation.

def test_days_add_up_in_json_csv_and_on_the_command_line(gateway, filled):
    answer = view(gateway, "reconcile")
    assert answer["mismatches"] == 0
    entries = {one["partner"]: one for one in answer["items"] if one["kind"] == "entries"}
    assert {name: entries[COMMUNE][name] for name in ("received", "published", "dead", "parked")} == {
        "received": 10, "published": 6, "dead": 3, "parked": 1}
    assert entries[DISTRICT]["received"] == 2

    status, headers, text = ask(gateway, "reconcile", headers={"Accept": "text/csv"})
    assert status == 200 and headers["Content-Type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(text)))
    assert {row["partner"]: row["received"] for row in table if row["kind"] == "entries"} == {
        COMMUNE: "10", DISTRICT: "2"}
    assert gateway.run("reconcile", "--csv").stdout.replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert json.loads(gateway.run("reconcile", "--json").stdout)["mismatches"] == 0
    assert "MISSING" not in gateway.run("reconcile").stdout
    assert items(gateway, "reconcile", from_="2024-01-01", to="2024-01-31") == []
    assert ask(gateway, "reconcile", from_="2024-01-01", to="2020-01-01")[0] == 400


@pytest.mark.parametrize("change", ["DELETE FROM entry WHERE number = 2",
                                    "UPDATE tally SET received = received + 1 WHERE partner = "
                                    "(SELECT partner FROM tally LIMIT 1)"],
                         ids=["an entry is gone", "one more was counted"])
def test_a_mismatch_is_an_alarm(gateway, filled, change):
    until(lambda: gateway.metric("lienthong_proved_timestamp_seconds") > 0)
    assert gateway.metric("lienthong_reconcile_mismatch") == 0
    gateway.stop()
    with spool_of(gateway) as spool:
        spool.execute(change)
    gateway.start()
    until(lambda: gateway.metric("lienthong_reconcile_mismatch") == 1)
    gateway.wait_for_log("reconcile.mismatch rows=1")
    assert view(gateway, "overview")["proofs"]["mismatches"] == 1
    done = gateway.run("reconcile", check=False)
    assert done.returncode == 1 and "1 MISSING" in done.stdout and "1 rows" in done.stderr


# The record of acts.

@pytest.fixture
def recorded(gateway):
    """A dozen lines: each act has its begin and its end."""
    for _ in range(6):
        assert ask(gateway, "directory/reload", method="POST", body={})[0] == 200
    assert len(items(gateway, "audit", limit=1000)) == 12
    return gateway


def test_the_record_is_listed_narrowed_and_exported(recorded):
    whole = items(recorded, "audit", limit=1000)
    numbers = [one["number"] for one in whole]
    assert numbers == list(range(len(whole), 0, -1))
    assert {one["act"] for one in whole} == {"reload"}
    assert items(recorded, "audit", act="login") == [] and items(recorded, "audit", actor="x") == []
    assert [one["number"] for one in items(recorded, "audit", order="oldest", limit=3)] == [1, 2, 3]
    page = view(recorded, "audit", limit=5)
    rest = view(recorded, "audit", limit=1000, after=page["next"])
    assert [one["number"] for one in page["items"] + rest["items"]] == numbers

    status, headers, text = ask(recorded, "audit/export")
    assert status == 200 and "attachment" in headers["Content-Disposition"]
    lines = [json.loads(line) for line in text.splitlines()]
    assert [one["number"] for one in lines] == sorted(numbers)
    assert [one["hash"] for one in lines] == [one["hash"] for one in reversed(whole)]
    assert recorded.run("audit", "export").stdout == text
    assert ask(recorded, "audit/export", from_="2030-01-01")[2] == ""
    listed = recorded.run("audit", "list", "--limit", "3", "--json").stdout.splitlines()
    assert [json.loads(line)["number"] for line in listed] == numbers[:3]


TAMPERINGS = {
    "a byte": ("UPDATE audit SET act = 'reloaD' WHERE number = 5", 5, "changed"),
    "the hour": ("UPDATE audit SET at = at + 1 WHERE number = 7", 7, "changed"),
    "a line": ("DELETE FROM audit WHERE number = 6", 6, "missing"),
    "the last": ("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)", 12, "missing"),
    "two lines": ("UPDATE audit SET number = -1 WHERE number = 3;"
                  "UPDATE audit SET number = 3 WHERE number = 9;"
                  "UPDATE audit SET number = 9 WHERE number = -1", 3, "swapped"),
}


def test_what_was_done_to_the_record_is_found_and_located(recorded):
    gateway = recorded
    answer = view(gateway, "audit/verify")
    assert answer == {"holds": True, "entries": 12}
    assert "the record holds" in gateway.run("audit", "verify").stdout
    gateway.stop()
    sound = gateway.folder / "sound.db"
    with spool_of(gateway) as spool:
        spool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        spool.execute("VACUUM INTO ?", (str(sound),))
    for name, (change, number, words) in TAMPERINGS.items():
        for suffix in ("", "-wal", "-shm"):
            (gateway.folder / f"spool.db{suffix}").unlink(missing_ok=True)
        shutil.copy(sound, gateway.folder / "spool.db")
        with spool_of(gateway) as spool:
            spool.execute("PRAGMA journal_mode = WAL")
            spool.executescript(change)
        done = gateway.run("audit", "verify", "--json", check=False)
        found = json.loads(done.stdout)
        assert done.returncode == 1 and found["holds"] is False, name
        assert (found["number"], words in found["finding"]) == (number, True), (name, found)

    gateway.start()  # over two lines that were swapped
    found = view(gateway, "audit/verify")
    assert (found["holds"], found["number"]) == (False, 3) and "swapped" in found["finding"]
    until(lambda: gateway.metric("lienthong_audit_broken") == 1)
    gateway.wait_for_log("audit.broken")


# The command line.

def test_the_command_line_finds_what_the_api_finds(gateway, filled):
    def listed(*words):
        return {json.loads(line)["receipt"]
                for line in gateway.run("entries", *words, "--json").stdout.splitlines()}

    assert listed() == filled.all
    assert listed("--state", "dead", "--cause", "agency") == set(filled.dead)
    assert len(listed("--limit", "3")) == 3
    table = gateway.run("entries", "--dossier", code(20)).stdout.splitlines()
    assert table[0].startswith("RECEIPT") and len(table) == 3 and filled.dead[0] in table[2]
    assert gateway.run("entries", "--state", "lost", check=False).returncode == 1

    group, = map(json.loads, gateway.run("failures", "--json").stdout.splitlines())
    assert group["count"] == 3
    assert "The agency's code is malformed" in gateway.run("failures").stdout
    shown = gateway.run("failures", "show", group["fingerprint"]).stdout
    assert all(receipt in shown for receipt in filled.dead)
    assert gateway.run("failures", "show", "x", check=False).returncode == 2


# Alarms.

def test_alarms_are_sound_and_of_metrics_that_there_are(gateway, filled):
    rules = ROOT / "deploy" / "alerts.yaml"
    until(lambda: gateway.metric("lienthong_proved_timestamp_seconds") > 0)
    until(lambda: gateway.metric("lienthong_dead") == 3)
    until(lambda: gateway.metric("lienthong_overdue") > 0)
    exposed = gateway.call("GET", "/metrics").body.decode()
    named = set(re.findall(r"lienthong_[a-z_]+", rules.read_text()))
    sources = "".join(path.read_text() for path in (ROOT / "gateway").glob("*/*.c"))
    assert not [name for name in named if f"{name}" not in exposed and f'"{name}"' not in sources]
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "rules", rules], check=True, capture_output=True)
