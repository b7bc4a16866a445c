# SPDX-License-Identifier: Apache-2.0
"""The people who run the gateway, in the tests: who they are, what they do by calls, and what they
see in a browser."""
import ctypes
import re

import browsing
from harness import documents, visitor
from harness.gateway import PARTNERS
from harness.services import ROOT
from harness.visitor import PASSWORD, Visitor

# Name, title and role; nobody may both mend and approve but the administrator.
PEOPLE = {"an": ("Lê Văn An", "operator"), "binh": ("Phạm Thị Bình", "approver"),
          "chi": ("Vũ Thị Chi", "viewer"), "dung": ("Hồ Văn Dũng", "administrator")}
RIGHTS = {"an": {"view", "content", "repair"}, "binh": {"view", "content", "approve"},
          "chi": {"view"}, "dung": {"view", "content", "repair", "approve", "administer"}}
# Documents with a fault are kept for a person.
PARKING = [{**partner, "invalid": "parked"} for partner in PARTNERS]
LINE = re.compile(r"^    '([^']+)': '((?:[^'\\]|\\.)*)',$", re.M)


def password_hash(password=PASSWORD):
    """argon2id, as cheap as it may be: a test signs in many times."""
    sodium = ctypes.CDLL("libsodium.so.23")
    assert sodium.sodium_init() >= 0
    text, given = ctypes.create_string_buffer(128), password.encode()
    done = sodium.crypto_pwhash_str(text, given, ctypes.c_ulonglong(len(given)),
                                    ctypes.c_ulonglong(1), ctypes.c_size_t(8192))
    assert done == 0
    return text.value.decode()


def people():
    """The users of operators.yaml."""
    hashed = password_hash()
    return {name: {"title": title, "roles": [role], "password": hashed}
            for name, (title, role) in PEOPLE.items()}


def open_console(gateway, **settings):
    """Gives a gateway, not started yet, a console with all of these people; its address."""
    return visitor.open_console(gateway, people(), **settings)


class Operator(Visitor):
    """One who is signed in, and calls."""

    def __init__(self, address, name):
        super().__init__(address)
        self.name = name
        answer = self.login(name)
        assert answer.status_code == 200, answer.text

    def get(self, path, **query):
        answer = self.call("GET", path, params=query)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path, body=None, status=200):
        answer = self.call("POST", path, {} if body is None else body)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    def unmasked(self, receipt):
        """The document that came, whole."""
        self.post(f"entries/{receipt}/unmask", {"reason": "sửa mã cơ quan"})
        return self.get(f"entries/{receipt}/document", what="original")["text"]


class Words:
    """What the console says, in one language: `words("entry.edit")`."""

    def __init__(self, language):
        self.language = language
        file = ROOT / "gateway" / "operate" / "console" / f"{language}.js"
        self.all = dict(LINE.findall(file.read_text(encoding="utf-8")))

    def __call__(self, key, **values):
        text = self.all[key].replace("\\'", "'")
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


class Seat:
    """An operator before a browser.  Dialogs are looked at by who is thorough; `guide` is a folder
    for the pictures of the operator's guide."""

    def __init__(self, visit, words, tag, *, is_thorough=False, guide=None):
        self.visit, self.page, self.words, self.tag = visit, visit.page, words, tag
        self.is_thorough, self.guide, self.findings = is_thorough, guide, []

    def button(self, key, **values):
        return self.page.get_by_role("button", name=self.words(key, **values), exact=True)

    def press(self, key, **values):
        self.button(key, **values).click()

    def open(self, menu):
        """A page of the menu, which a narrow window folds away."""
        toggle = self.page.locator("[aria-controls=menu]")
        if toggle.is_visible():
            toggle.click()
        self.page.locator("#menu").get_by_role("link", name=self.words(f"menu.{menu}"),
                                               exact=True).click()
        self.until_title(self.words(f"menu.{menu}"))

    def until_title(self, title):
        self.page.locator("main:not([aria-busy]) h1", has_text=title).wait_for()
        self.visit.settle()

    def answer(self, key, **fields):
        """Fills in the open dialog and goes on."""
        dialog = self.page.locator("dialog[open]")
        dialog.wait_for()
        for name, value in fields.items():
            dialog.locator(f"[name={name}]").fill(value)
        if self.is_thorough:
            self.look(f"ask-{key.replace('.', '-')}")
        dialog.locator("button[type=submit]").click()
        dialog.wait_for(state="detached")

    def wait_for(self, text, timeout=60000):
        self.page.get_by_text(text).first.wait_for(timeout=timeout)

    def look(self, name, picture=None):
        """Keeps a picture, and what axe and the browser find wrong.  `picture` is its name in the
        guide."""
        if picture and self.guide:
            self.page.screenshot(path=str(self.guide / f"{picture}.{self.words.language}.png"))
        name = f"{name}-{self.tag}"
        self.visit.shoot(f"journey-{name}")
        found = self.visit.judge() + self.visit.faults
        self.visit.faults.clear()
        if self.visit.overflow() > 0:
            found.append(f"is {self.visit.overflow()} px too wide")
        self.findings += [f"{name}: {one}" for one in found]


def sit_down(browser, address, name, *, language, size, scheme="light"):
    """A context in which a Seat is; ends with it."""
    return browsing.visiting(browser, address, user=name, language=language, size=size,
                             scheme=scheme, password=PASSWORD)


# What goes wrong.

WRONG, RIGHT = "000.99.99.H09", documents.COMMUNE  # no agency; the one that was meant


def faulty(token, dossier, no=1, **more):
    """A handoff of an agency that never was; `token` is found again at the far end."""
    good = documents.marked_xml(token, dossier, f"[{token}|00]", no=no, **more).decode()
    bad = good.replace(f"<ReceivingAgency>{RIGHT}<", f"<ReceivingAgency>{WRONG}<")
    assert bad != good
    return bad.encode()


def sound(token, dossier, no=1, **more):
    return documents.marked_xml(token, dossier, f"[{token}|00]", no=no, **more)


def tokens(requests):
    """What a partner took, in its order."""
    return [token for one in requests if one.is_taken for token, _ in one.marks]
