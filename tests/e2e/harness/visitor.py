# SPDX-License-Identifier: Apache-2.0
"""Who calls the operators' API: over HTTP with a session or a password, or over the Unix socket."""
import http.client
import json
import socket
import sqlite3
import subprocess

import requests
import yaml

from harness.services import free_port

PASSWORD = "mật khẩu của người vận hành"


def hash_of(gateway, password=PASSWORD):
    """As the command line makes it."""
    done = subprocess.run([gateway.build / "lienthong", "operator", "password", "--json"],
                          input=f"{password}\n{password}\n", text=True, capture_output=True,
                          check=True)
    return json.loads(done.stdout)["password"]


def write_operators(gateway, users, roles=()):
    """operators.yaml; each user is a name and its row."""
    rows = [{"name": name, **row} for name, row in users.items()]
    (gateway.folder / "operators.yaml").write_text(
        yaml.safe_dump({"roles": list(roles), "users": rows}, allow_unicode=True, width=1000))


def open_console(gateway, users, *, certificate=None, roles=(), **settings):
    """Gives a gateway, not started yet, a console with these users; its address."""
    port = free_port()
    write_operators(gateway, users, roles)
    operate = {"listen": f"127.0.0.1:{port}", "operators": str(gateway.folder / "operators.yaml"),
               **settings}
    if certificate:
        operate |= {"certificate": str(certificate), "private_key": str(certificate)}
    gateway.write_config(operate=operate)
    return f"{'https://localhost' if certificate else 'http://127.0.0.1'}:{port}"


class Visitor:
    """One browser, as far as the API sees it."""

    def __init__(self, address, ca_file=None):
        self.address = address
        self.http = requests.Session()
        self.http.verify = str(ca_file) if ca_file else True
        self.http.trust_env = False
        self.csrf = None

    def call(self, method, path, body=None, headers=None, csrf=True, **more):
        given = dict(headers or {})
        if csrf and self.csrf and method != "GET":
            given["X-Csrf-Token"] = self.csrf if csrf is True else csrf
        return self.http.request(method, f"{self.address}/operate/v1/{path}", json=body,
                                 headers=given, timeout=30, allow_redirects=False, **more)

    def login(self, user, password=PASSWORD):
        answer = self.call("POST", "login", {"user": user, "password": password}, csrf=False)
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
            # Over plain HTTP a client keeps no Secure cookie; a browser does for 127.0.0.1.
            for cookie in self.http.cookies:
                cookie.secure = cookie.secure and self.address.startswith("https")
        return answer


class _Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))


def call_locally(gateway, method, path, body=None):
    """Over the Unix socket: the status, and what came as JSON."""
    connection = _Local(gateway.settings["admin"]["socket"])
    try:
        connection.request(method, f"/operate/v1/{path}", json.dumps(body) if body else None)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def record(gateway, act=None):
    """What is on record, oldest first: actor, address, act, object, reason, outcome, detail."""
    with sqlite3.connect(f"file:{gateway.folder / 'spool.db'}?mode=ro", uri=True) as spool:
        rows = spool.execute("SELECT actor, address, act, object, reason, outcome, detail FROM audit "
                             "ORDER BY number").fetchall()
    return [row for row in rows if act in (None, row[2])]
