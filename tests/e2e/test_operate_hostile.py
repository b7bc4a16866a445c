# SPDX-License-Identifier: Apache-2.0
"""What somebody who means ill tries against the console, in a real browser: markup in dossiers and in a
partner's answers, a page elsewhere that posts with the operator's own cookie, a frame around the console."""
import contextlib
import http.server
import threading

import pytest

import browsing
from browsing import WIDE
from harness import documents, operators
from harness.delivering import FAST
from harness.operators import PARKING, WRONG, Operator, faulty
from harness.visitor import record

EVIL = "<img src=x onerror=alert(1)>"
ESCAPED = EVIL.replace("<", "&lt;").replace(">", "&gt;")
MADE = "() => document.querySelectorAll('img, body script, iframe, object, [onerror]').length"


@pytest.fixture(scope="module")
def browser():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(browsing.open_browser())
        except browsing.Unavailable as reason:
            pytest.skip(f"no browser here: {reason}")


@pytest.fixture
def console(gateways, partners, kafka, registry):
    """A daemon, its console's address, and a partner that it delivers to."""
    partner = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, start=False,
                       partners=[PARKING[0], partner.row()], config=FAST)
    address = operators.open_console(gateway)
    gateway.start()
    return gateway, address, partner


@pytest.mark.broker
def test_markup_in_dossiers_and_answers_stays_text(console, browser):
    gateway, address, partner = console
    partner.behave({"kind": "status", "status": 400, "title": EVIL})
    plain = documents.marked_xml("X-0", documents.dossier_code(1), EVIL)
    answer = gateway.post(plain)
    assert answer.status == 202, answer
    bad = faulty("X-1", documents.dossier_code(2)).decode()
    bad = bad.replace(WRONG, ESCAPED).replace(documents.APPLICANT, ESCAPED)
    bad = bad.replace("<Content>Bước", f"<Content>{ESCAPED} Bước")
    receipt = gateway.accept(bad.encode())[0]["receipt"]
    an = Operator(address, "an")
    an.post(f"entries/{receipt}/unmask", {"reason": EVIL})
    an.post("filters", {"name": EVIL, "filter": {"dossier": EVIL}})
    document = an.get(f"entries/{receipt}/document", what="original")["text"]
    an.post(f"entries/{receipt}/revisions", {"document": document, "reason": EVIL})

    groups = an.get("failures")["items"]
    pages = ["#/", "#/failures", "#/search", f"#/entries/{receipt}", "#/deliveries", "#/jobs",
             f"#/entries/{receipt}/revisions/1", "#/partners", "#/audit", "#/reconciliation",
             *(f"#/failures/{one['fingerprint']}" for one in groups)]
    with operators.sit_down(browser, address, "an", language="vi", size=WIDE) as seen:
        for page in pages:
            seen.go(page)
            assert seen.page.evaluate(MADE) == 0, page
        seen.go(f"#/entries/{receipt}")
        seen.page.locator("main").get_by_role("button", name="Hiện dữ liệu cá nhân").first.click()
        seen.page.locator("dialog textarea").fill(EVIL)
        seen.page.locator("dialog button[type=submit]").click()
        seen.page.get_by_text("onerror=alert").first.wait_for()
        seen.go(f"#/entries/{receipt}/edit")
        seen.page.locator("#document").wait_for()
        assert seen.page.evaluate(MADE) == 0
        assert seen.faults == []


PAGE = """<!DOCTYPE html><title>elsewhere</title>
<iframe name="frame" src="{address}/"></iframe>
<form method="post" target="frame" enctype="text/plain" action="{address}/operate/v1/{path}">
<input name='{{"reason":"' value='x"}}'></form>
<script>
const send = (mode, headers) => fetch('{address}/operate/v1/{path}', {{method: 'POST', mode,
    credentials: 'include', headers, body: '{{"reason": "x"}}'}}).then(
    (answer) => answer.type + answer.status, () => 'failed');
window.done = (async () => {{
    document.forms[0].submit();
    return [await send('no-cors', {{}}),
            await send('cors', {{'Content-Type': 'application/json', 'X-Csrf-Token': '0'}}),
            await fetch('{address}/operate/v1/me', {{credentials: 'include'}}).then(
                (answer) => answer.text(), () => 'failed')];
}})();
</script>"""


@contextlib.contextmanager
def elsewhere(text):
    """Another page on the same host, so that the browser sends the console's cookie along."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_page_elsewhere_cannot_use_an_operators_session(gateways, browser):
    gateway = gateways(partners=PARKING, start=False)
    address = operators.open_console(gateway)
    gateway.start()
    receipt = gateway.accept(faulty("C-1", documents.dossier_code(1)))[0]["receipt"]
    page = PAGE.format(address=address, path=f"entries/{receipt}/discard")
    with operators.sit_down(browser, address, "dung", language="en", size=WIDE) as seen, \
            elsewhere(page) as other:
        answers = []
        seen.page.on("response", lambda answer: answers.append(
            (answer.request.method, answer.url, answer.status)))
        seen.page.goto(other)
        plain, asked, read = seen.page.evaluate("() => window.done")
        seen.page.wait_for_load_state("networkidle")
        assert plain in ("opaque0", "failed") and (asked, read) == ("failed", "failed")
        frames = [frame for frame in seen.page.frames if frame != seen.page.main_frame]
        assert not [frame for frame in frames if frame.locator("form, nav").count()], \
            "the console lets itself be framed"
    dung = Operator(address, "dung")
    assert dung.get(f"entries/{receipt}")["facts"]["state"] == "dead"
    assert record(gateway, "discard") == []
    posted = [status for method, url, status in answers if method == "POST" and url.endswith("discard")]
    assert posted and set(posted) == {403}, answers
