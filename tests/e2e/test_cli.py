# SPDX-License-Identifier: Apache-2.0
"""The command line, as operators and integrators use it: texts for people, --json for scripts, and
exit codes that scripts can use (0 done, 1 did not work out, 2 usage, 3 later)."""
import json

import pytest

from harness import documents
from harness.readers import read_topic
from harness.services import ROOT

pytestmark = pytest.mark.broker
DOSSIER = documents.dossier_code(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, kafka, registry):
    from harness.gateway import Gateway
    one = Gateway(tmp_path_factory.mktemp("cli") / "gateway", brokers=kafka.brokers,
                  registry=registry.url)
    one.run("topics", "create")
    one.start()
    for partner, key in one.keys.items():
        (one.folder / f"{partner}.key").write_text(key + "\n")
    yield one
    one.end()


@pytest.fixture(scope="module")
def published(gateway, kafka):
    """A handoff that is on Kafka, where others can read it: its receipt."""
    receipt = gateway.accept(documents.native_xml("CLI-1", DOSSIER))[0]["receipt"]
    gateway.wait_published(receipt)
    read_topic(kafka.brokers, gateway.topic(), until=lambda seen: any(one.key == DOSSIER for one in seen))
    return receipt


def send(gateway, path, *more, partner="motcua-phucuong", check=True):
    return gateway.run("send", "--as", partner, "--url", f"http://127.0.0.1:{gateway.port}",
                       "--keys", str(gateway.folder), *more, str(path), check=check)


def file_with(gateway, content, name="handoff.xml"):
    path = gateway.folder / name
    path.write_bytes(content)
    return path


def test_send_prints_the_receipt(gateway):
    path = file_with(gateway, documents.native_xml("CLI-SEND", documents.dossier_code(2)))
    first, again = send(gateway, path).stdout, send(gateway, path, "--json").stdout
    assert documents.dossier_code(2) in first and "HANDED_OFF" in first
    answer = json.loads(again)["receipts"][0]
    assert answer["repeated"] and answer["receipt"] in first


def test_send_shows_every_problem_with_its_place_and_exits_1(gateway):
    bad = documents.native_xml("CLI-BAD", DOSSIER).replace(b"2025-05-12T14:45", b"2025-02-31T14:45")
    done = send(gateway, file_with(gateway, bad), check=False)
    assert done.returncode == 1
    assert "line" in done.stderr and "/" in done.stderr


def test_send_speaks_vietnamese(gateway):
    path = file_with(gateway, b"<a>")
    english = send(gateway, path, "--language", "en", check=False).stderr
    vietnamese = send(gateway, path, "--language", "vi", check=False).stderr
    assert english and vietnamese and english != vietnamese


def test_send_to_nobody_exits_3(gateway):
    path = file_with(gateway, documents.native_xml("CLI-NOBODY", DOSSIER))
    done = gateway.run("send", "--as", "motcua-phucuong", "--url", "http://127.0.0.1:9",
                       "--keys", str(gateway.folder), str(path), check=False)
    assert done.returncode == 3


@pytest.mark.parametrize("arguments", [
    (), ("no-such-command",), ("send",), ("send", "--nonsense"), ("events", "tail", "--count", "x"),
    ("show",), ("spool",), ("publisher", "resume"), ("subscriber", "resume")])
def test_a_wrong_command_line_exits_2_and_says_how_it_is_right(gateway, arguments):
    done = gateway.run(*arguments, check=False)
    assert done.returncode == 2 and done.stderr


@pytest.mark.parametrize("arguments", [
    (), ("send",), ("events", "tail"), ("show",), ("status",), ("spool", "status"),
    ("subscriber", "resume"), ("spool", "check"), ("spool", "export"), ("spool", "backup"), ("spool", "prune"),
    ("spool", "key"), ("spool", "rekey"), ("dossier", "shred"),
    ("topics", "create"), ("adapter", "check"), ("adapter", "try"), ("adapter", "pairs"),
    ("agency",), ("partner", "key"), ("route", "explain")])
def test_help_is_on_standard_output_and_exits_0(gateway, arguments):
    done = gateway.run(*arguments, "--help")
    assert "lienthong" in done.stdout and len(done.stdout.splitlines()) > 2


def test_events_tail_prints_json_with_personal_data_masked(gateway, published):
    lines = gateway.run("events", "tail", "--json").stdout.splitlines()
    records = [json.loads(line) for line in lines]
    mine = next(one for one in records if one["key"] == DOSSIER)
    assert mine["event"]["event_type"] == "HANDED_OFF"
    for word in documents.PERSONAL:
        assert word not in "".join(lines)


def test_events_tail_unmasked_shows_all(gateway, published):
    output = gateway.run("events", "tail", "--unmasked").stdout
    assert documents.APPLICANT in output and documents.IDENTITY in output


def test_events_tail_stops_after_a_count_and_starts_at_a_time(gateway, published):
    assert len(gateway.run("events", "tail", "--count", "1").stdout.splitlines()) == 1
    assert gateway.run("events", "tail", "--from", "2099-01-01T00:00:00").stdout == ""


def test_show_tells_where_a_receipt_is(gateway, published):
    entry = json.loads(gateway.run("show", published, "--json").stdout)
    assert entry["state"] == "published" and entry["dossier"] == DOSSIER
    assert "published" in gateway.run("show", published).stdout


def test_show_event_is_masked_and_original_is_what_came(gateway, published):
    masked = gateway.run("show", published, "--event", "--json").stdout
    assert documents.IDENTITY not in masked and "HANDED_OFF" in masked
    original = gateway.run("show", published, "--original", text=False).stdout
    assert original == documents.native_xml("CLI-1", DOSSIER)


def test_show_of_no_receipt_exits_1(gateway):
    done = gateway.run("show", "1-0000000000000000", check=False)
    assert done.returncode == 1 and "receipt" in done.stderr


def test_status_is_json_when_asked(gateway):
    status = json.loads(gateway.run("status", "--json").stdout)
    assert status["publisher"]["state"] == "running"
    assert gateway.run("status").stdout


def test_spool_status_proves_that_nothing_disappeared(gateway, published):
    gateway.post(b"<bad/>")
    for day in json.loads(gateway.run("spool", "status", "--json").stdout):
        states = ("published", "waiting", "parked", "dead", "discarded", "refused", "pruned")
        assert day["received"] == sum(day[name] for name in states)


def test_spool_check_export_and_backup(gateway, published):
    assert json.loads(gateway.run("spool", "check", "--json").stdout)["sound"]
    entries = [json.loads(line) for line in gateway.run("spool", "export").stdout.splitlines()]
    assert published in [entry["receipt"] for entry in entries]
    copy = gateway.folder / "copy.db"
    gateway.run("spool", "backup", str(copy))
    assert copy.stat().st_size > 0
    assert gateway.run("spool", "backup", str(copy), check=False).returncode == 1


def test_spool_prune_takes_what_is_old_and_published(gateway):
    receipt = gateway.accept(documents.native_xml("CLI-PRUNE", DOSSIER, no=9))[0]["receipt"]
    gateway.wait_published(receipt)
    before = json.loads(gateway.run("spool", "prune", "--before", "2000-01-01", "--json").stdout)
    assert before["pruned"] == 0
    assert json.loads(gateway.run("show", receipt, "--json").stdout)["state"] == "published"


def test_the_spool_is_read_without_a_daemon_too(gateways, kafka, registry):
    own = gateways(brokers=kafka.brokers, registry=registry.url)
    receipt = own.accept(documents.native_xml("CLI-OFF", DOSSIER))[0]["receipt"]
    own.wait_published(receipt)
    own.stop()
    assert json.loads(own.run("show", receipt, "--json").stdout)["state"] == "published"
    assert json.loads(own.run("spool", "check", "--json").stdout)["sound"]
    assert own.run("status", check=False).returncode == 3


def test_topics_create_can_be_said_twice(gateway):
    first = gateway.run("topics", "create")
    assert "dossier-events" in first.stdout


def test_agency_follows_successors_by_date(gateway):
    before = json.loads(gateway.run("agency", "000.12.40.H09", "--at", "2025-06-30",
                                    "--json").stdout)
    after = json.loads(gateway.run("agency", "000.12.40.H09", "--at", "2025-07-01",
                                   "--json").stdout)
    assert before["code"] == "H09.40.12" and not before["succeeded"]
    assert after["succeeded"] and after["code"] != before["code"]


def test_partner_key_makes_a_key_that_works(gateway):
    from harness.gateway import PARTNERS
    import yaml
    made = json.loads(gateway.run("partner", "key", "--json").stdout)
    path = gateway.folder / "partners.yaml"
    rows = yaml.safe_load(path.read_text())["partners"]
    rows.append({**PARTNERS[0], "id": "made-by-hand", "keys": [{"hash": made["hash"]}]})
    path.write_text(yaml.safe_dump({"partners": rows}, allow_unicode=True))
    gateway.reload()
    gateway.wait_for_log("directory.reloaded")
    gateway.keys["made-by-hand"] = made["key"]
    document = documents.native_xml("CLI-KEY", documents.dossier_code(5))
    assert gateway.post(document, partner="made-by-hand").status == 202


def test_adapter_check_runs_all_fixtures(gateway):
    folders = sorted(str(path) for path in (ROOT / "adapters").iterdir() if path.is_dir())
    done = gateway.run("adapter", "check", *folders)
    last = done.stdout.strip().splitlines()[-1]
    passed, failed = (int(word.split()[0]) for word in last.split(", "))
    assert failed == 0 and passed >= 2 * 24


def test_adapter_try_shows_the_event_and_the_way_back(gateway):
    path = file_with(gateway, documents.native_xml("CLI-TRY", DOSSIER))
    done = gateway.run("adapter", "try", str(ROOT / "adapters" / "lienthong-xml"), str(path),
                       "--back")
    assert "HANDED_OFF" in done.stdout and "HandoffMessage" in done.stdout


def test_adapter_try_as_shows_what_another_format_gets_and_loses(gateway):
    path = file_with(gateway, documents.native_xml("CLI-TRY-AS", DOSSIER))
    done = gateway.run("adapter", "try", "--json", str(ROOT / "adapters" / "lienthong-xml"),
                       str(path), "--as", str(ROOT / "adapters" / "edxml"))
    shown = json.loads(done.stdout)
    assert "edXMLEnvelope" in shown["written"][0]
    lost = {one["field"]: one for one in shown["lost"][0]}
    assert "dossier_code" not in lost and "eform{}" not in {
        field for field, one in lost.items() if one["kind"] != "narrowed"}
    assert all(one["reason"] for one in lost.values())


def test_adapter_pairs_lists_what_is_lost_between_all_formats(gateway):
    names = ["lienthong-xml", "dvcqg-json", "edxml"]
    folders = [str(ROOT / "adapters" / name) for name in names]
    pairs = json.loads(gateway.run("adapter", "pairs", "--json", *folders).stdout)["pairs"]
    assert {(pair["from"], pair["to"]) for pair in pairs} == {
        (one, other) for one in names for other in names}
    portal = next(pair for pair in pairs
                  if (pair["from"], pair["to"]) == ("lienthong-xml", "dvcqg-json"))
    form = [one for one in portal["losses"] if one["field"] == "eform{}"
            and one["event_type"] == "HANDED_OFF" and one["message"] == "DongBoHoSoMC"]
    assert [one["kind"] for one in form] == ["beside"]
    assert "tờ khai" in form[0]["reason"]
    assert "lienthong-xml -> edxml" in gateway.run("adapter", "pairs", *folders).stdout
