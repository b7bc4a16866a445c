# SPDX-License-Identifier: Apache-2.0
"""A running gateway on the broker inside it, with operators, partners and documents of which some
are broken: what the console stands before in service."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

from browsing import ROOT

BUILD = ROOT / "build" / os.environ.get("VARIANT", "release")
PASSWORD = "mau-mau-mau-mau"
PARTNERS = """partners:
  - id: motcua-phucuong
    name: Một cửa phường Phú Cường
    agencies: [H09.40.12]
    adapters: [lienthong-xml]
    invalid: parked
    keys:
      - hash: fe6aa9d8f059f28c859a1e5e0d3f6b567edc43a9e5c717bd882c202fa8517834
  - id: motcua-thudaumot
    name: Một cửa thành phố Thủ Dầu Một
    agencies: [H09.40]
    adapters: [lienthong-xml]
    deliver: {by: mailbox, adapter: lienthong-xml}
    keys:
      - hash: 766238766d3b2cf81423c8572406361a84f0d497b0cad9a3832dc0f4a04d3270
"""
EVIL = "<img src=x onerror=window.hacked=1>"


def handoff(number, agency="000.00.40.H09", name="Nguyễn Thị Mẫu", no=1):
    """One HANDED_OFF message of dossier `number`, the `no`-th of it."""
    def escape(text):
        return text.replace("&", "&amp;").replace("<", "&lt;")

    dossier = f"000.12.40.H09-250512-{number:04d}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<HandoffMessage xmlns="urn:x-lienthong:handoff:1" version="1.0">
  <Envelope>
    <MessageId>console-{number}-{no}</MessageId>
    <MessageType>HANDOFF</MessageType>
    <CreatedAt>2025-05-12T14:45:00.000+07:00</CreatedAt>
    <SourceSystem>motcua-phucuong</SourceSystem>
  </Envelope>
  <Handoff>
    <HandoffId>HO-{dossier}-{no:02d}</HandoffId>
    <HandoffNo>{no}</HandoffNo>
    <From><AgencyCode>000.12.40.H09</AgencyCode><AgencyName>UBND phường Phú Cường</AgencyName></From>
    <To><AgencyCode>{agency}</AgencyCode><AgencyName>UBND thành phố Thủ Dầu Một</AgencyName></To>
    <HandedOffAt>2025-05-12T14:45:00+07:00</HandedOffAt>
  </Handoff>
  <Dossier>
    <DossierCode>{dossier}</DossierCode>
    <ProcedureCode>1.011442</ProcedureCode>
    <Channel>1</Channel>
    <StatusCode>4</StatusCode>
    <ReceivingAgency>000.12.40.H09</ReceivingAgency>
    <SubmittedAt>2025-05-12T08:15:30+07:00</SubmittedAt>
    <DueAt>2025-05-26T17:00:00+07:00</DueAt>
    <Summary>{escape(name)}</Summary>
    <Applicant>
      <Kind>1</Kind>
      <FullName>{escape(name)}</FullName>
      <Identity type="CCCD">099190000001</Identity>
      <Phone>0900000000</Phone>
    </Applicant>
  </Dossier>
</HandoffMessage>
"""


class Gateway:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.process = None
        self.url = self.handoffs = None

    def program(self, name, *arguments, **how):
        environment = {**os.environ, "LIENTHONG_CONFIG": str(self.folder / "lienthong.yaml"),
                       "LIENTHONG_KEYS": str(self.folder)}
        return subprocess.run([BUILD / name, *arguments], env=environment, text=True,
                              capture_output=True, check=False, timeout=60, **how)

    def hash(self):
        said = self.program("lienthong", "operator", "password", input=f"{PASSWORD}\n" * 2)
        return re.search(r"\$argon2id\$\S+?(?=['\"\s]|$)", said.stdout).group(0)

    def write(self):
        secret = self.hash()
        users = [("lan", "Trần Thị Lan", "administrator"), ("minh", "Lê Văn Minh", "administrator"),
                 ("xem", "Phạm Chỉ Xem", "viewer")]
        (self.folder / "operators.yaml").write_text("users:\n" + "".join(
            f"  - {{name: {name}, title: {title}, roles: [{role}], password: '{secret}'}}\n"
            for name, title, role in users), encoding="utf-8")
        (self.folder / "partners.yaml").write_text(PARTNERS, encoding="utf-8")
        for partner in ("motcua-phucuong", "motcua-thudaumot"):
            (self.folder / f"{partner}.key").write_text(f"demo-{partner}-key\n", encoding="utf-8")
        deploy = ROOT / "deploy"
        (self.folder / "lienthong.yaml").write_text(
            "http: {listen: '127.0.0.1:0'}\n"
            f"admin: {{socket: {self.folder}/admin.sock}}\n"
            f"operate: {{listen: '127.0.0.1:0', operators: {self.folder}/operators.yaml, "
            "secure_cookie: false}\n"
            f"directory: {{agencies: {deploy}/agencies.csv, partners: {self.folder}/partners.yaml, "
            f"pepper_file: {deploy}/sample/pepper}}\n"
            f"adapters: {{folder: {ROOT}/adapters}}\nschemas: {{folder: {ROOT}/schemas}}\n"
            f"spool: {{file: {self.folder}/spool.db}}\nfiles: {{folder: {self.folder}/files}}\n",
            encoding="utf-8")

    def start(self):
        self.write()
        log = self.folder / "log"
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [BUILD / "lienthongd", "--config", self.folder / "lienthong.yaml"], stderr=out)
        end = time.monotonic() + 90
        while "daemon.ready" not in log.read_text(encoding="utf-8"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(0.05)
        said = log.read_text(encoding="utf-8")
        self.url = self.address(said, "operate.listening")
        self.handoffs = self.address(said, "http.listening")

    def address(self, said, event):
        port = re.search(rf"{re.escape(event)}.* port=(\d+)", said).group(1)
        return f"http://127.0.0.1:{port}"

    def send(self, document):
        path = self.folder / "document.xml"
        path.write_text(document, encoding="utf-8")
        said = self.program("lienthong", "send", "--as", "motcua-phucuong", "--url", self.handoffs,
                            str(path))
        if said.returncode:
            raise RuntimeError(said.stdout + said.stderr)

    def fill(self):
        """Good ones, one group of eight that fail, and behind one of these another event."""
        for number in range(12):
            self.send(handoff(number))
        for number in range(20, 28):
            self.send(handoff(number, agency="000.99.99.H09"))
        self.send(handoff(20, no=2))
        self.send(handoff(40, name=EVIL))
        self.send(handoff(41, name=EVIL, agency="000.99.99.H09"))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


@contextlib.contextmanager
def running(folder):
    gateway = Gateway(folder)
    try:
        gateway.start()
        gateway.fill()
        yield gateway
    finally:
        gateway.stop()


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory() as made, running(made) as shown:
        print(shown.url, "as lan, minh or xem, password", PASSWORD, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            shown.process.wait()
