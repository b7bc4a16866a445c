# SPDX-License-Identifier: Apache-2.0
"""Every call of the operators' API from both sides: who may gets an answer, who may not gets 403, a
stranger 401, and nobody gets personal data that they did not ask for with a reason.  The calls are read
from the sources, so that one that is added without its right being written down here fails."""
import hashlib
import json
import re

import pytest

from harness import documents, operators, visitor
from harness.delivering import FAST
from harness.gateway import Gateway
from harness.operators import PARKING, PEOPLE, RIGHT, RIGHTS, Operator, faulty, sound
from harness.services import ROOT
from harness.visitor import Visitor, record

pytestmark = pytest.mark.asan

# What each call needs, as the guide promises.
NEEDED = {
    "view": """GET status, GET openapi.yaml, GET overview, GET entries, GET entries/{receipt}, GET failures,
        GET failures/{fingerprint}/items, GET deliveries, GET deliveries/{delivery}, GET partners,
        GET files, GET audit, GET audit/verify, GET audit/export, GET reconcile, GET filters,
        POST filters, GET jobs, GET jobs/{job}, GET jobs/{job}/items""",
    "content": """GET entries/{receipt}/document, POST entries/{receipt}/unmask,
        GET entries/{receipt}/revisions/{no}""",
    "repair": """POST entries/{receipt}/validate, POST entries/{receipt}/revisions,
        POST entries/{receipt}/revisions/{no}/withdraw, POST entries/{receipt}/revisions/{no}/apply,
        POST entries/{receipt}/release, POST entries/{receipt}/discard,
        POST deliveries/{delivery}/retry, POST deliveries/{delivery}/discard,
        POST deliveries/{delivery}/route, POST jobs, POST jobs/{job}/run, POST jobs/{job}/pause,
        POST jobs/{job}/resume, POST jobs/{job}/cancel""",
    "approve": "POST entries/{receipt}/revisions/{no}/approve, POST jobs/{job}/approve",
    "administer": """POST partners/{partner}/pause, POST partners/{partner}/resume,
        POST partners/{partner}/test, POST publisher/resume, POST subscriber/resume,
        POST spool/prune, POST directory/reload, POST files/prune,
        POST spool/rekey, POST dossiers/shred""",
    "signed-in": "GET me, POST logout",
    "anybody": "GET login, POST login, GET oidc/login",
}
ROUTE = re.compile(r'\{\s*(?:\.method = )?"(GET|POST|PUT|DELETE|HEAD)",\s*(?:\.pattern = )?'
                   r'"/operate/v1/([^"]+)"')


def calls_of(text):
    """{(method, pattern without names)} of a list."""
    return {(method, shape(path)) for method, path in
            (call.split() for call in text.split(",") if call.strip())}


def shape(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


POLICY = {call: right for right, calls in NEEDED.items() for call in calls_of(calls)}
SOURCES = "".join(path.read_text() for path in sorted((ROOT / "gateway" / "operate").glob("*.c")))
CALLS = sorted({(method, shape(path)) for method, path in ROUTE.findall(SOURCES)})


def test_every_call_of_the_sources_is_known_here_and_the_other_way_round():
    assert len(CALLS) > 40
    assert [call for call in CALLS if call not in POLICY] == []
    assert [call for call in POLICY if call not in CALLS] == []


# Who may mend and not look, as a program that repairs by rules of its own.
MENDER = [{"name": "mender", "rights": ["view", "repair"]}]
# It stands nowhere: the job is there to be seen.
RULE = {"path": "/Dossier/ReceivingAgency", "from": "000.99.98.H09", "to": RIGHT}


def wish_of(rule):
    """A job that changes what stands at a place, in all that is dead."""
    return {"kind": "entries", "filter": {}, "options": {"rule": rule}, "reason": "sửa hàng loạt"}


class House:
    """A gateway with something of every kind in it."""

    def __init__(self, folder):
        self.gateway = Gateway(folder, partners=PARKING, config=FAST)
        self.address = visitor.open_console(self.gateway, operators.people() | {"em": {
            "roles": ["mender"], "password": operators.password_hash()}}, roles=MENDER)
        self.gateway.start()
        accept = self.gateway.accept
        dead = accept(faulty("T-1", documents.dossier_code(1)))[0]["receipt"]
        accept(sound("T-2", documents.dossier_code(1), no=2))
        accept(documents.native_xml("T-3", documents.dossier_code(2)))
        self.dung = Operator(self.address, "dung")
        group, = self.dung.get("failures")["items"]
        self.dung.post("jobs", wish_of(RULE))
        self.names = {"entries": dead, "failures": group["fingerprint"], "deliveries": "d-1",
                      "revisions": "1", "jobs": "1", "partners": "motcua-phucuong"}

    def address_of(self, path):
        """A call with its gaps filled in by what there is."""
        segments = path.split("/")
        for at, one in enumerate(segments):
            if one == "{}":
                segments[at] = self.names[segments[at - 1]]
        return "/".join(segments)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    one = House(tmp_path_factory.mktemp("rights") / "gateway")
    yield one
    one.gateway.end()


def is_let_in(name, right):
    return right == "signed-in" or right in RIGHTS[name]


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_each_call_is_answered_to_who_may_and_refused_to_who_may_not(house, name):
    somebody, wrong, refused = Operator(house.address, name), [], 0
    before = len([row for row in record(house.gateway, "call") if row[0] == f"user:{name}"])
    for method, path in CALLS:
        right = POLICY[method, path]
        if right == "anybody" or path == "logout":
            continue
        answer = somebody.call(method, house.address_of(path), {} if method == "POST" else None)
        may = is_let_in(name, right)
        if may == (answer.status_code in (401, 403)):
            wrong.append((method, path, right, answer.status_code, answer.text))
        if not may:
            refused += 1
            if answer.status_code == 403 and answer.json()["code"] != "no-right":
                wrong.append((method, path, answer.text))
    assert wrong == []
    on_record = [row for row in record(house.gateway, "call") if row[0] == f"user:{name}"]
    assert len(on_record) - before == refused and all(row[5] == "refused" for row in on_record)


def test_a_stranger_gets_nothing_and_a_call_without_the_token_changes_nothing(house):
    stranger, wrong = Visitor(house.address), []
    for method, path in CALLS:
        if POLICY[method, path] == "anybody":
            continue
        body = {"reason": "x"} if method == "POST" else None
        answer = stranger.call(method, house.address_of(path), body)
        if answer.status_code != 401:
            wrong.append(("stranger", method, path, answer.status_code))
        if method != "GET":
            answer = house.dung.call(method, house.address_of(path), body, csrf=False)
            if (answer.status_code, answer.json().get("code")) != (403, "no-token"):
                wrong.append(("no token", method, path, answer.status_code))
    assert wrong == []
    assert house.dung.get(f"entries/{house.names['entries']}")["facts"]["state"] == "dead"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_is_a_way_in(house, method):
    chi = Operator(house.address, "chi")
    for path in {path for _, path in CALLS}:
        answer = chi.call(method, house.address_of(path))
        assert answer.status_code in (403, 404, 405), (method, path, answer.status_code)


@pytest.mark.parametrize("road", ["entries/%2e%2e/entries/{}/document", "entries/{}//document",
                                  "entries/{}/document/", "./entries/{}/document",
                                  "entries/{}/%64ocument", "ENTRIES/{}/document"])
def test_no_other_spelling_is_a_way_to_a_document(house, road):
    chi = Operator(house.address, "chi")
    answer = chi.call("GET", road.format(house.names["entries"]))
    assert answer.status_code in (400, 403, 404), (road, answer.status_code)
    assert documents.APPLICANT not in answer.text


def test_nothing_personal_is_seen_before_somebody_says_why(house):
    """Whatever may be read, by whomever, the administrator too."""
    for name in PEOPLE:
        somebody = Operator(house.address, name)
        for method, path in CALLS:
            right = POLICY[method, path]
            if method == "GET" and right != "anybody" and is_let_in(name, right):
                text = somebody.call("GET", house.address_of(path)).text
                assert not [word for word in documents.PERSONAL if word in text], path
    assert record(house.gateway, "unmask") == []


def test_a_rule_is_only_for_what_is_not_personal(house):
    """Jobs are read by whoever may view, and no shredding reaches them."""
    an, before = Operator(house.address, "an"), house.dung.get("jobs")["items"]
    for path in ("/Dossier/Applicant/FullName", "/Dossier/Applicant/Identity", "/Nowhere/AtAll"):
        answer = an.call("POST", "jobs", wish_of(
            {"path": path, "from": documents.APPLICANT, "to": "Nguyễn Thị Mẫu Mực"}))
        assert answer.status_code == 400 and "options.rule.path" in answer.json()["detail"], answer.text
    assert house.dung.get("jobs")["items"] == before


def test_of_a_rule_the_record_has_its_place_and_its_digest(house):
    rule = house.dung.get("jobs/1")["options"]["rule"]
    assert rule == RULE
    text = json.dumps(rule, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    kept = {"path": rule["path"], "sha256": hashlib.sha256(text.encode()).hexdigest()}
    Operator(house.address, "binh").call("POST", "jobs/1/approve", {})
    made, = [json.loads(row[6]) for row in record(house.gateway, "job")]
    assert made["options"]["rule"] == kept
    approvals = [json.loads(row[6]) for row in record(house.gateway, "job-approve")]
    assert approvals and all(one["rule"] == kept for one in approvals)


def test_of_a_documents_content_each_sees_what_they_may(house):
    """Also in the answers to who mends: the difference has what was there before."""
    entry, mend = f"entries/{house.names['entries']}", sound("T-1", documents.dossier_code(1)).decode()
    for name, may in (("an", True), ("em", False)):
        somebody = Operator(house.address, name)
        assert somebody.call("GET", f"{entry}/document").status_code == (200 if may else 403)
        tried = somebody.post(f"{entry}/validate", {"document": mend})
        kept = somebody.post(f"{entry}/revisions", {"document": mend, "reason": "mã cũ"})
        somebody.post(f"{entry}/revisions/{kept['no']}/withdraw", {"reason": "chỉ để thử"})
        for answer in (tried, kept):
            assert answer["good"]
            assert [bool(answer[part]) for part in ("event", "diff")] == [may, may], (name, answer)
            assert (operators.WRONG in json.dumps(answer)) == may
