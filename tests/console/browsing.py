# SPDX-License-Identifier: Apache-2.0
"""A browser that is on the machine, never fetched; and what is asked of every page in it."""
import contextlib
import os
import pathlib
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHOTS = ROOT / "build" / "console"
CHROMIUM = pathlib.Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run"]
WIDE, NARROW = (1280, 900), (390, 844)
# What a browser writes to its console when an answer is an error; the page tells people itself.
EXPECTED = "Failed to load resource: the server responded with a status of"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Unavailable(Exception):
    pass


@contextlib.contextmanager
def open_browser():
    if not CHROMIUM.exists():
        raise Unavailable(f"there is no {CHROMIUM}: deploy/install-deps test")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as missing:
        raise Unavailable(f"{missing}: deploy/install-deps test") from missing
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield browser
        browser.close()


class Visit:
    """One page, and all that went wrong on it."""

    def __init__(self, page, url):
        self.page, self.url, self.faults = page, url, []
        host = urllib.parse.urlsplit(url).netloc
        page.set_default_timeout(60000)
        page.on("console", self.note_message)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"alert: {dialog.message}"))
        page.on("request", lambda request: self.note_request(host, request.url))

    def note_message(self, message):
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.faults.append(f"{message.type}: {message.text}")

    def note_request(self, host, address):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme != "blob" and parts.netloc != host:
            self.faults.append(f"request to {address}")

    def sign_in(self, user, password="mau"):
        self.page.locator("input[name=user]").fill(user)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("form button[type=submit]").click()
        self.page.locator("nav").wait_for(state="attached")

    def go(self, hash_, text=None):
        """To a page of the console, until it is drawn."""
        self.page.evaluate("hash => { location.hash = hash; }", hash_)
        self.settle(text)

    def settle(self, text=None):
        self.page.locator("main:not([aria-busy]) h1").wait_for()
        if text:
            self.page.get_by_text(text).locator("visible=true").first.wait_for()

    def shoot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=True)

    def judge(self):
        """What axe finds, in words."""
        from axe_playwright_python.sync_playwright import Axe
        found = Axe().run(self.page, options={"runOnly": RULES})
        return [f"{rule['id']}: {rule['help']}: {node['target']} {node.get('failureSummary', '')}"
                for rule in found.response["violations"] for node in rule["nodes"]]

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


@contextlib.contextmanager
def visiting(browser, url, user="lan", language="vi", size=WIDE, scheme="light", password="mau",
             **wishes):
    context = browser.new_context(viewport={"width": size[0], "height": size[1]},
                                  color_scheme=scheme, locale="vi-VN", timezone_id="Europe/Paris",
                                  reduced_motion="reduce", **wishes)
    context.add_init_script(f"localStorage.setItem('lienthong.language', localStorage.getItem("
                            f"'lienthong.language') ?? '{language}')")
    visit = Visit(context.new_page(), url)
    visit.page.goto(url)
    visit.page.locator("input[name=user]").wait_for()
    if user:
        visit.sign_in(user, password)
        visit.settle()
    try:
        yield visit
    finally:
        context.close()
