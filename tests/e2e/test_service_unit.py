# SPDX-License-Identifier: Apache-2.0
"""deploy/lienthong.service: how much it leaves open, whether it fits what is installed, and whether the
daemon lives under it."""
import ctypes.util
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

import pytest

from harness import confined, documents, visitor
from harness.gateway import PARTNERS, Gateway
from harness.patience import VALGRIND, until
from harness.services import ROOT
from harness.visitor import Visitor
from test_drop import DOSSIER, place

UNIT = ROOT / "deploy" / "lienthong.service"
# systemd 252 says 1.1; a later one that weighs more things may say a little more.
WORST_SCORE = 1.5
USER = 61234  # nobody's

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                   reason="there is no systemd-analyze")


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], text=True, capture_output=True,
                          env={**os.environ, "SYSTEMD_COLORS": "0"}, check=False)
    return done.returncode, done.stdout + done.stderr


@needs_systemd
def test_the_unit_leaves_little_open():
    _, said = analyze("security", "--offline=true", str(UNIT))
    score = re.search(r"Overall exposure level for lienthong.service: ([\d.]+)", said)
    assert score, said
    assert float(score[1]) <= WORST_SCORE, said


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What a package would hold."""
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["make", "--no-print-directory", "install", f"DESTDIR={folder}", "PREFIX=/usr"],
                   cwd=ROOT, check=True, capture_output=True)
    return folder


def test_what_is_installed_is_what_the_list_says(installed):
    lines = [line.split() for line in (ROOT / "deploy" / "package-files").read_text().splitlines()
             if not line.startswith("#")]
    found = {"/" + str(path.relative_to(installed)): f"{path.stat().st_mode & 0o777:o}"
             for path in installed.rglob("*") if path.is_file()}
    for mode, listed in lines:
        below = [path for path in found
                 if path == listed or listed.endswith("**") and path.startswith(listed[:-2])]
        assert below, f"{listed} is not installed"
        assert {found.pop(path) for path in below} == {mode}, listed
    assert found == {}


def test_the_unit_names_what_is_installed(installed):
    unit = confined.settings(installed / "usr/lib/systemd/system/lienthong.service")
    program, *words = unit["ExecStart"].split()
    assert os.access(installed / program[1:], os.X_OK)
    assert words == ["--config", "/etc/lienthong/lienthong.yaml"]
    users = (installed / "usr/lib/sysusers.d/lienthong.conf").read_text()
    assert re.search(rf"^u {unit['User']} ", users, re.M)
    assert unit["Type"] == "notify" and unit["CapabilityBoundingSet"] == ""
    credential, path = unit["LoadCredential"].split(":")
    assert (credential, path) == ("pepper", "/etc/lienthong/secrets/pepper")


@needs_systemd
def test_what_is_installed_waits_by_the_steady_clock(installed):
    """gateway/kafka/waits.c stands before the C library's function: nothing else asks for it."""
    shown = subprocess.run(["nm", "-D", "--defined-only", installed / "usr/bin/lienthongd"], text=True,
                           capture_output=True, check=True).stdout
    assert " T cnd_timedwait" in shown


def test_systemd_understands_the_unit(installed, tmp_path):
    text = (installed / "usr/lib/systemd/system/lienthong.service").read_text()
    (tmp_path / "lienthong.service").write_text(text.replace("/usr/bin/", f"{installed}/usr/bin/"))
    code, said = analyze("verify", "--man=no", str(tmp_path / "lienthong.service"))
    assert code == 0 and "lienthong.service" not in said, said


# The daemon under it, as far as that can be had without a service manager.

def calls_of(group):
    """The names in a group of system calls, and in the groups that it names."""
    _, said = analyze("syscall-filter", group)
    names = [line.strip() for line in said.splitlines()[1:]
             if line.strip() and not line.strip().startswith("#")]
    return {call for name in names
            for call in (calls_of(name) if name.startswith("@") else {name})}


def allowed_calls():
    """As SystemCallFilter= of the unit adds up."""
    allowed = calls_of("@default")
    for line in UNIT.read_text().splitlines():
        if not line.startswith("SystemCallFilter="):
            continue
        words = line.split("=", 1)[1]
        named = {call for word in words.lstrip("~").split()
                 for call in (calls_of(word) if word.startswith("@") else {word})}
        allowed = allowed - named if words.startswith("~") else allowed | named
    return allowed


class Confined(Gateway):
    """A daemon that is started as the unit has it."""

    def command(self):
        (self.folder / "calls").write_text("\n".join(sorted(allowed_calls())))
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, USER, USER)
        program = pathlib.Path(confined.__file__)
        return [sys.executable, program, UNIT, str(USER), self.folder, ROOT,
                self.folder / "calls", "--", *super().command()]


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can confine a process like that")
needs_seccomp = pytest.mark.skipif(not ctypes.util.find_library("seccomp"),
                                   reason="there is no libseccomp")


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """A service manager's ear."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    folder = tmp_path / "gateway"
    folder.mkdir()
    ear.bind(str(folder / "notify"))
    ear.settimeout(20)
    monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
    yield ear
    ear.close()


@needs_systemd
@needs_root
@needs_seccomp
@pytest.mark.skipif(VALGRIND, reason="valgrind needs memory that is written and executed")
@pytest.mark.broker
def test_the_daemon_does_its_work_under_the_unit(manager, tmp_path, monkeypatch, kafka, registry,
                                                 partners, authority):
    partner = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
    folder = tmp_path / "gateway"
    (folder / "drop").mkdir()
    shutil.copy(partner.password, folder / "password")
    shutil.copy(authority.issue("console"), folder / "console.pem")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    far = partner.row()
    far["deliver"]["password_file"] = "$CREDENTIALS_DIRECTORY/password"
    gateway = Confined(folder, brokers=kafka.brokers, registry=registry.url,
                       partners=[{**PARTNERS[0], "collect": {"drop": str(folder / "drop")}}, far],
                       config={"directory": {"pepper_file": "$CREDENTIALS_DIRECTORY/pepper"},
                               "spool": {"encryption": {"key_file": "$CREDENTIALS_DIRECTORY/keys"}}})
    # The sanitizer of leaks traces its own process, which the unit forbids.
    gateway.environment["ASAN_OPTIONS"] = "detect_leaks=0"
    gateway.run("spool", "key", str(folder / "keys"))
    gateway.run("topics", "create")
    console = visitor.open_console(gateway, {}, certificate=folder / "console.pem")
    try:
        gateway.start()
        assert manager.recv(100) == b"READY=1"
        work(gateway, partner, folder)
        Visitor(console, authority.ca_file).call("GET", "me")
        assert_confined(gateway)
        gateway.stop()
        assert manager.recv(100) == b"STOPPING=1"
    finally:
        gateway.end()
    assert not re.search(r"ermission denied|not permitted|level=error", gateway.log()), gateway.log()


def work(gateway, partner, folder):
    """What touches disk, network, threads and its own settings."""
    event = gateway.accept(documents.native_xml("U-1", documents.dossier_code(1)))[0]["event_id"]
    partner.wait_taken([event])
    place(folder / "drop", "a.xml", documents.native_xml("U-2", DOSSIER))
    until((folder / "drop" / "done" / "a.xml.receipt.json").exists)
    gateway.reload()
    gateway.wait_for_log("directory.reloaded")
    assert gateway.run("status").stdout
    assert "reload" in gateway.run("audit", "export").stdout
    gateway.run("spool", "backup", str(folder.parent / "backup.db"))


def assert_confined(gateway):
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == [str(USER)] * 4
    assert facts["VmLck"] != "0 kB", "the master keys are not locked in memory"
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
    assert {int(facts[name], 16) for name in ("CapBnd", "CapPrm", "CapEff", "CapAmb")} == {0}
    view = pathlib.Path(f"/proc/{gateway.process.pid}/mountinfo").read_text().splitlines()
    root, = [line for line in view if line.split()[4] == "/"]
    assert "ro" in root.split()[5].split(",")
