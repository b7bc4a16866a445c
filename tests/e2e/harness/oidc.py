# SPDX-License-Identifier: Apache-2.0
"""A real OpenID Connect provider (npm's oidc-provider) on this machine, and a browser that signs in."""
import html
import json
import os
import re
import shutil
import subprocess
import time
import urllib.parse

import requests

from harness.patience import give_up_at
from harness.services import ROOT, Unavailable, free_port

SOURCES = ROOT / "tests" / "e2e" / "oidc"
FOLDER = ROOT / "build" / "oidc"


def fetch():
    """Brings the provider into build/oidc, or raises Unavailable with the reason."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Unavailable(f"no {program}: apt-get install nodejs npm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "provider.js"):
        shutil.copy(SOURCES / name, FOLDER / name)
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]["oidc-provider"]
    there = FOLDER / "node_modules" / "oidc-provider" / "package.json"
    if there.exists() and json.loads(there.read_text())["version"] == wanted:
        return
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
                          cwd=FOLDER, text=True, capture_output=True, timeout=300, check=False)
    if done.returncode:
        raise Unavailable("npm install: " + (done.stderr.strip().splitlines() or ["failed"])[-1])


class OidcProvider:
    def __init__(self, folder, redirect, *, roles, secret="", method="none", algorithm="RS256"):
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "oidc.log"
        self.environment = {**os.environ, "OIDC_PORT": str(self.port), "OIDC_REDIRECT": redirect,
                            "OIDC_ROLES": json.dumps(roles), "OIDC_SECRET": secret,
                            "OIDC_METHOD": method, "OIDC_ALGORITHM": algorithm}
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["node", "provider.js"], cwd=FOLDER, stdout=log,
                                            stderr=log, env=self.environment)
        deadline = give_up_at(30)
        while True:
            try:
                requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=2)
                return self
            except (requests.ConnectionError, requests.Timeout):
                assert self.process.poll() is None, self.log_path.read_text()
                assert time.monotonic() < deadline, "the provider does not start"
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def sign_in(address, user):
    """Goes to `address` at the provider and through its forms; where it sends the browser back to."""
    browser = requests.Session()
    answer = browser.get(address, timeout=30, allow_redirects=False)
    for _ in range(20):
        if answer.is_redirect:
            target = urllib.parse.urljoin(answer.url, answer.headers["Location"])
            if "/operate/v1/oidc/callback" in target:
                return target
            answer = browser.get(target, timeout=30, allow_redirects=False)
            continue
        form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert form, answer.text
        prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)[1]
        answer = browser.post(urllib.parse.urljoin(answer.url, html.unescape(form[1])),
                              data={"prompt": prompt, "login": user, "password": "x"}, timeout=30,
                              allow_redirects=False)
    raise AssertionError(f"the provider does not come to an end: {answer.url}")
