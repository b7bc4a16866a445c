# SPDX-License-Identifier: Apache-2.0
"""The command line where something is wrong: it says what and where, and its exit code is the right one
(1 did not work out, 2 usage, 3 later), also with --json."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from confluent_kafka import Producer

from harness import documents
from harness.gateway import PARTNERS, Gateway
from harness.operators import PARKING
from harness.services import ROOT, free_port

# The district, for which the documents are, has a mailbox.
ROWS = [PARKING[0], {**PARKING[1], "deliver": {"by": "mailbox"}}, PARKING[2]]
DOSSIER = documents.dossier_code(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """With an embedded broker; what has a fault is kept for a person."""
    one = Gateway(tmp_path_factory.mktemp("faults") / "gateway", partners=ROWS)
    one.start()
    for partner, key in one.keys.items():
        (one.folder / f"{partner}.key").write_text(key + "\n")
    yield one
    one.end()


@pytest.fixture(scope="module")
def published(gateway):
    receipt = gateway.accept(documents.native_xml("FAULT-1", DOSSIER))[0]["receipt"]
    gateway.wait_published(receipt)
    return receipt


def as_district(gateway):
    return ("--as", ROWS[1]["id"], "--url", f"http://127.0.0.1:{gateway.port}", "--keys",
            str(gateway.folder))


@pytest.fixture(scope="module")
def letter(gateway, published):
    """What the district has in its mailbox then: its id. It is held for whoever listed it."""
    listed = gateway.run("inbox", "list", *as_district(gateway), "--wait", "30", "--json").stdout
    (item,) = json.loads(listed)["items"]
    return item["id"]


def failed(gateway, *arguments, code=1):
    """What it says on standard error; it must fail so."""
    done = gateway.run(*arguments, check=False)
    assert done.returncode == code, (arguments, done)
    assert done.stderr, arguments
    return done.stderr


def tail(gateway, *more, check=True):
    done = gateway.run("events", "tail", *more, check=check)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


# ---- lienthongd --check ----

@pytest.fixture
def checked(gateways):
    """Checks a configuration with changes: what is wrong, after the file's name."""
    one = gateways(start=False)

    def check(**changes):
        one.write_config(**changes)
        done = subprocess.run([one.build / "lienthongd", "--check", one.config_path], text=True,
                              cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 1, done
        said, _, rest = done.stderr.partition(f"{one.config_path}:")
        assert said == "lienthongd: ", done.stderr
        return rest

    check.gateway = one
    return check


def place_of(gateway, text):
    """LINE:COLUMN of a text of the configuration."""
    for number, line in enumerate(gateway.config_path.read_text().splitlines(), 1):
        if text in line:
            return f"{number}:{line.index(text) + 1}: "
    raise AssertionError(text)


@pytest.mark.parametrize("property_, why", [
    ("foo.bar=1", "has no such property"), ("transactional.id=mine", "is set by the gateway"),
    ("linger.ms=often", "refuses this value")])
def test_check_refuses_properties_that_librdkafka_or_we_do_not_take(checked, property_, why):
    said = checked(kafka={"properties": ["client.rack=a", property_]})
    assert said.startswith(place_of(checked.gateway, property_) + "kafka.properties[1]: ")
    assert why in said


def test_check_reads_the_keys_that_sign_receipts(checked):
    path = checked.gateway.folder / "receipts.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    path.chmod(0o600)
    said = checked(receipts={"signing_keys": str(path)})
    assert said.startswith(place_of(checked.gateway, str(path)) + "receipts.signing_keys: ")
    assert "not on the curve" in said  # a long path may cut what follows


def test_a_start_without_the_folder_of_its_socket_names_the_key(gateways):
    one = gateways(start=False)
    socket = one.folder / "not-there" / "admin.sock"
    one.write_config(admin={"socket": str(socket)})
    # The folder may be the service manager's to make, at the start.
    checked = subprocess.run([one.build / "lienthongd", "--check", one.config_path], cwd=ROOT, check=False)
    assert checked.returncode == 0
    with pytest.raises(RuntimeError) as caught:
        one.start()
    one.process = None
    assert f"{one.config_path}:{place_of(one, str(socket))}admin.socket: " in str(caught.value)


# ---- no permission, no daemon ----

def as_another(gateway, *arguments):
    """The command line as a user who may read the configuration, and has no other rights."""
    environment = {**os.environ, "LIENTHONG_CONFIG": str(gateway.config_path)}
    return subprocess.run([gateway.build / "lienthong", *arguments], env=environment, cwd=ROOT, text=True,
                          user=65534, group=65534, extra_groups=[], capture_output=True, check=False)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become another user")
def test_who_may_not_is_told_so_and_not_that_there_is_no_daemon():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lienthong-cli-"))  # all above it can be entered
    folder.chmod(0o711)
    gateway = Gateway(folder / "gateway")
    gateway.folder.chmod(0o711)
    try:
        gateway.start()
        for arguments in (("status",), ("spool", "status")):
            done = as_another(gateway, *arguments)
            assert done.returncode == 1, done
            assert "Permission denied" in done.stderr and "root" in done.stderr
    finally:
        gateway.end()
        shutil.rmtree(folder)


def test_without_a_daemon_and_a_spool_each_says_what_is_missing(gateways):
    gateway = gateways(start=False)
    said = failed(gateway, "status", code=3)
    assert "No such file" in said and "no daemon" in said
    said = failed(gateway, "spool", "status", code=1)
    assert "spool.db: No such file" in said


# ---- the exit code is the same with --json ----

def test_a_partner_that_is_not_reached_is_told_by_the_exit_code(gateways):
    deliver = {"by": "push", "adapter": "lienthong-xml", "url": f"http://127.0.0.1:{free_port()}"}
    gateway = gateways(partners=[{**PARTNERS[0], "deliver": deliver}])
    done = gateway.run("partner", "test", PARTNERS[0]["id"], check=False)
    assert done.returncode == 3 and "was not reached" in done.stdout
    done = gateway.run("partner", "test", PARTNERS[0]["id"], "--json", check=False)
    assert done.returncode == 3 and json.loads(done.stdout)["reached"] is False


def test_an_event_that_does_not_return_is_told_by_the_exit_code(gateway):
    folder = gateway.folder / "adapters"
    shutil.copytree(ROOT / "adapters", folder)
    rows = folder / "dvcqg-json" / "adapter.yaml"
    whole = "{field: summary, path: TrichYeuHoSo, max: 1000, always: true}"
    text = rows.read_text()
    assert whole in text
    rows.write_text(text.replace(whole, whole.replace("always: true", "only: read")))
    document = folder / "dvcqg-json" / "fixtures" / "accept" / "received-full.json"
    arguments = ("adapter", "try", "--back", "--schema", str(ROOT / "schemas"),
                 str(folder / "dvcqg-json"), str(document))
    done = gateway.run(*arguments, check=False)
    assert done.returncode == 1 and "summary" in done.stdout.partition("  back:")[2], done
    done = gateway.run(*arguments, "--json", check=False)
    (back, *_) = json.loads(done.stdout)["back"]
    assert done.returncode == 1 and not back["same"] and "summary" in back["differences"][0]
    done = gateway.run(*arguments[:5], str(ROOT / "adapters" / "dvcqg-json"), str(document), "--json")
    assert json.loads(done.stdout)["back"] == [{"same": True, "differences": []}]


# ---- what is said, and where ----

@pytest.fixture(scope="module")
def dead(gateway):
    """A handoff that was kept for a person: its receipt."""
    bad = documents.native_xml("FAULT-2", documents.dossier_code(2))
    return gateway.accept(bad.replace(b"2025-05-12T14:45", b"2025-02-31T14:45"))[0]["receipt"]


def test_a_release_that_is_refused_lists_what_is_wrong_with_the_document(gateway, dead):
    said = failed(gateway, "entry", "release", dead, "--reason", "thử")
    title, *problems = said.splitlines()
    assert "not valid" in title
    assert problems and all(line.startswith("  line ") for line in problems), said


def test_a_file_that_is_not_had_is_refused_in_words(gateway):
    as_partner = ("--as", PARTNERS[0]["id"], "--url", f"http://127.0.0.1:{gateway.port}",
                  "--keys", str(gateway.folder))
    known = failed(gateway, "files", "get", "0" * 64, *as_partner, "--to", str(gateway.folder / "got"))
    assert "HTTP" not in known and len(known.split(": ", 1)[1]) > 10


@pytest.mark.parametrize("arguments", [
    ("audit", "--from"), ("audit", "export", "--to"), ("spool", "status", "--from"),
    ("agency", "000.12.40.H09", "--at"), ("events", "tail", "--from")])
def test_a_time_that_is_none_is_a_wrong_line_and_named(gateway, arguments):
    said = failed(gateway, *arguments, "nope", code=2)
    assert said.startswith(f"{arguments[-1]}: ") and "2026-11-01" in said


def test_days_in_the_wrong_order_are_told_from_too_many(gateway):
    assert "is after" in failed(gateway, "reconcile", "--from", "2026-11-27", "--to", "2026-11-01")
    assert "366" in failed(gateway, "reconcile", "--from", "2024-11-27", "--to", "2026-11-01")


@pytest.mark.parametrize("word", ["check", "try", "pairs"])
def test_a_folder_that_is_no_adapter_is_named_and_not_the_schema(gateway, word):
    operands = ("x.json",) if word == "try" else ()
    missing = str(gateway.folder / "not-there" / "x")
    assert f"{missing}: No such file" in failed(gateway, "adapter", word, missing, *operands)
    assert "adapters: there is no adapter.yaml" in failed(gateway, "adapter", word, "adapters", *operands)


def test_a_schema_that_is_not_found_says_how_to_name_it(gateway):
    said = failed(gateway, "adapter", "check", "adapters/dvcqg-json", "--schema", str(gateway.folder))
    assert "dossier-event.avsc" in said and "$LIENTHONG_SCHEMAS" in said


def test_a_state_has_one_name_wherever_it_is_shown(gateway, published):
    (listed,) = gateway.run("entries", "--receipt", published, "--json").stdout.splitlines()
    story = json.loads(gateway.run("entry", "show", published, "--json").stdout)
    shown = json.loads(gateway.run("show", published, "--json").stdout)
    assert {json.loads(listed)["state"], story["facts"]["state"], shown["state"]} == {"published"}


@pytest.mark.parametrize("command", [("entry", "unmask"), ("replay", "preview")])
def test_a_reason_has_1_to_500_characters_in_any_letters(gateway, dead, command):
    gateway.run(*command, dead, "--reason", "ế" * 500)
    assert "1 to 500 characters" in failed(gateway, *command, dead, "--reason", "ế" * 501)
    assert "1 to 500 characters" in failed(gateway, *command, dead, "--reason", "")


def test_who_comes_by_the_socket_has_no_token_and_is_told_so(gateway):
    done = subprocess.run(["curl", "-sS", "--unix-socket", gateway.settings["admin"]["socket"],
                           "http://localhost/operate/v1/me"], capture_output=True, check=True)
    assert json.loads(done.stdout)["csrf"] is None


# ---- options ----

def test_a_number_or_word_that_does_not_fit_names_its_option_once(gateway):
    assert failed(gateway, "inbox", "list", "--as", "x", "--wait", "99", code=2).startswith("--wait: ")
    assert failed(gateway, "inbox", "list", "--as", "x", "--max", "0", code=2).startswith("--max: ")
    assert "newest or oldest" in failed(gateway, "audit", "list", "--order", "foo", code=2)
    assert "dead" in failed(gateway, "deliveries", "--state", "foo", code=2)


def test_deliveries_have_the_word_list_with_its_options(gateway, letter):
    assert letter  # it lies in the mailbox: nothing moves between the two
    listed = gateway.run("deliveries", "list").stdout
    assert DOSSIER in listed and listed == gateway.run("deliveries").stdout
    assert "--dossier" in gateway.run("deliveries", "list", "--help").stdout
    assert "list" in gateway.run("deliveries", "--help").stdout


def words_of(gateway, *path):
    """Every command below this one, as the help lists them."""
    shown = gateway.run(*path, "--help").stdout
    if "\nCommands:\n" not in shown:
        return [path]
    rows = shown.split("\nCommands:\n")[1].split("\n\n")[0].splitlines()
    return [word for row in rows for word in words_of(gateway, *path, row.split()[0])]


def test_every_command_has_help_and_json(gateway):
    commands = words_of(gateway)
    assert len(commands) > 40
    for command in commands:
        assert "  --json" in gateway.run(*command, "--help").stdout, command


def test_files_and_operators_answer_in_json(gateway):
    as_partner = ("--as", PARTNERS[0]["id"], "--url", f"http://127.0.0.1:{gateway.port}",
                  "--keys", str(gateway.folder), "--json")
    path, copy = gateway.folder / "attachment", gateway.folder / "copy"
    path.write_bytes(b"%PDF-1.4 one page")
    put = json.loads(gateway.run("files", "put", str(path), *as_partner).stdout)
    got = json.loads(gateway.run("files", "get", put["sha256"], *as_partner, "--to", str(copy)).stdout)
    assert got == {"sha256": put["sha256"], "file": str(copy)} and copy.read_bytes() == path.read_bytes()


# ---- events tail ----

def test_events_tail_decodes_every_topic_of_events_md(gateway, letter):
    gateway.run("spool", "prune", "--before", "2000-01-01")  # an act, for the record
    gateway.run("inbox", "accept", *as_district(gateway), letter)
    for topic in ("audit", "deliveries"):
        _, (line, *_) = tail(gateway, "--topic", topic, "--follow", "--count", "1")
        assert line["event"], topic


def test_events_tail_shows_what_it_cannot_read_and_what_comes_after(gateway, published):
    broker = json.loads(gateway.run("status", "--json").stdout)["publisher"]["brokers"]
    producer = Producer({"bootstrap.servers": broker})
    producer.produce(gateway.topic("dead-letters"), b"no Avro", key=b"\xff", partition=0)
    producer.produce(gateway.topic("dead-letters"), b"nor this", key=b"b", partition=0)
    assert producer.flush(20) == 0
    done, lines = tail(gateway, "--topic", "dead-letters", check=False)
    faulty = [line for line in lines if "fault" in line]
    assert [line["key"] for line in faulty] == [None, "b"] and all(line["fault"] for line in faulty)
    assert done.returncode == 1 and "2 records" in done.stderr


def test_events_tail_of_no_topic_is_refused(gateway):
    for _ in range(2):  # asking has not made it
        assert gateway.topic("nosuch") in failed(gateway, "events", "tail", "--topic", "nosuch")
