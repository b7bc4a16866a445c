# SPDX-License-Identifier: Apache-2.0
"""A mailbox of the document exchange as its own process: letters wait until they are marked.

    exchange.py PORT FOLDER

FOLDER/letters/ID holds the letters, an empty one is lost: listed, and 404 when it is fetched.
FOLDER/marks gets a line `ID STATE` for each mark, FOLDER/fetched one for each fetch.  Whoever calls
needs X-SystemId `he-thong` and X-SecretKey `mat-khau`.  While FOLDER/down is there, everything is
answered 503."""
import base64
import http.server
import json
import pathlib
import subprocess
import sys
import urllib.parse

from harness.services import free_port


class Handler(http.server.BaseHTTPRequestHandler):
    folder = None

    def log_message(self, *_):
        pass

    def reply(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def may(self):
        if (self.folder / "down").exists():
            self.reply(503, {"ErrorCode": "20", "ErrorDesc": "bảo trì"})
            return False
        if (self.headers["X-SystemId"], self.headers["X-SecretKey"]) != ("he-thong", "mat-khau"):
            self.reply(401, {"ErrorCode": "15", "ErrorDesc": "sai SystemId/SecretKey"})
            return False
        return True

    def note(self, name, line):
        with open(self.folder / name, "a", encoding="utf-8") as notes:
            notes.write(line + "\n")

    def marked(self):
        path = self.folder / "marks"
        return dict(line.split() for line in path.read_text().splitlines()) if path.exists() else {}

    def do_GET(self):
        if not self.may():
            return
        target = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(target.query))
        if target.path == "/v1/syncReceivedEdocList":
            marked = self.marked()
            letters = sorted((self.folder / "letters").iterdir())
            self.reply(200, {"status": "OK", "ErrorCode": "0", "data": [
                {"docId": one.name, "messageType": "edoc",
                 "status": marked.get(one.name, "initial")} for one in letters]})
        elif target.path == "/v1/getEdoc":
            self.note("fetched", query["docId"])
            content = (self.folder / "letters" / query["docId"]).read_bytes()
            if not content:
                self.reply(404, {})
                return
            self.reply(200, {"status": "OK", "ErrorCode": "0",
                             "data": base64.b64encode(content).decode()})
        else:
            self.reply(404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.may():
            return
        mark = json.loads(body)
        self.note("marks", f"{mark['docId']} {mark['status']}")
        self.reply(200, {"status": "OK", "ErrorCode": "0"})


class Exchange:
    """The same, from the test's side."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "letters").mkdir(parents=True)
        self.port = free_port()
        self.process = subprocess.Popen([sys.executable, "-m", "harness.exchange", str(self.port),
                                         str(folder)], cwd=pathlib.Path(__file__).parent.parent)

    def put(self, name, content):
        (self.folder / f".{name}").write_bytes(content)
        (self.folder / f".{name}").rename(self.folder / "letters" / name)

    def lose(self, name):
        self.put(name, b"")

    def lines(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def end(self):
        self.process.terminate()
        self.process.wait()


if __name__ == "__main__":
    Handler.folder = pathlib.Path(sys.argv[2])
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
