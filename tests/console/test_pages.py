# SPDX-License-Identifier: Apache-2.0
"""Every page, in both languages, wide and narrow, light and dark: axe finds nothing, nothing goes
to another host, nothing is written to the browser's console, nothing sticks out."""
import urllib.parse

import pytest

import answers
from browsing import NARROW, WIDE

ENTRY = f"#/entries/{answers.RECEIPT}"
PAGES = {
    "overview": ("#/", None),
    "failures": ("#/failures", None),
    "group": (f"#/failures/{answers.FINGERPRINT}", None),
    "search": ("#/search?state=dead", None),
    "entry": (ENTRY, "UBND thành phố"),
    "deliveries": ("#/deliveries", None),
    "delivery": (f"#/deliveries/{answers.DELIVERY}", None),
    "jobs": ("#/jobs", None),
    "job": ("#/jobs/1", None),
    "partners": ("#/partners", None),
    "reconciliation": ("#/reconciliation", None),
    "audit": ("#/audit", None),
    "revision": (f"{ENTRY}/revisions/1", None),
    "edit": (f"{ENTRY}/edit", "12"),
    "nowhere": ("#/no/such/page", None),
}


def prepare(world):
    """A job and a revision to look at; the entry unmasked, so that it can be edited."""
    class Call:
        user, query = "minh", {}
        body = {"kind": "entries", "group": answers.FINGERPRINT, "reason": "đã sửa danh mục",
                "options": {"rate_per_s": 200, "stop_above_share": 0.1, "may_be_stale": False,
                            "rule": {"path": "/Handoff/To/AgencyCode", "from": "UBND thành phố",
                                     "to": "000.00.40.H09"}},
                "document": answers.ORIGINAL.replace(answers.BAD_AGENCY + "</AgencyCode>",
                                                     "000.00.40.H09</AgencyCode>")}
    world.make_job(Call)
    world.propose(Call, answers.RECEIPT)
    world.unmasked.add(answers.RECEIPT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_sound(house, visit, language, size, scheme):
    prepare(house.world)
    seen = visit(house.url, language=language, size=size, scheme=scheme)
    found = []
    for name, (address, text) in PAGES.items():
        seen.go(address, text)
        seen.shoot(f"{name}-{language}-{size[0]}-{scheme}")
        found += [f"{name}: {fault}" for fault in seen.judge() + seen.faults]
        seen.faults.clear()
        if seen.overflow() > 0:
            found.append(f"{name}: is {seen.overflow()} px too wide")
        untold = seen.page.evaluate("() => (document.body.innerText.match("
                                    "/\\b[a-z]+\\.[a-z]+(\\.[a-z]+)*\\b|undefined|\\[object/g) ?? [])")
        found += [f"{name}: no words for {word}" for word in untold if is_key(word)]
    assert found == []


def is_key(word):
    """Whether it looks like a key of a dictionary and not like a name of the answers."""
    groups = ("menu", "field", "state", "failure", "job", "entry", "error", "overview", "item",
              "count", "audit", "act", "what", "stage", "revision", "delivery", "partner")
    return word in ("undefined", "[object") or word.split(".")[0] in groups


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_login_and_the_dialogs_are_sound(house, visit, language, size, scheme):
    seen = visit(house.url, user=None, language=language, size=size, scheme=scheme)
    found = seen.judge()
    seen.shoot(f"login-{language}-{size[0]}-{scheme}")
    seen.sign_in("lan")
    seen.go(f"#/failures/{answers.FINGERPRINT}")
    seen.page.locator(".heading button").nth(1).click()
    seen.page.locator("dialog[open]").wait_for()
    seen.shoot(f"dialog-{language}-{size[0]}-{scheme}")
    assert found + seen.judge() + seen.faults == []


@pytest.mark.parametrize("spared", [{"rights", "csrf", "kind", "state"}, {"rights", "csrf"}],
                         ids=["states-as-they-are", "all"])
def test_markup_in_any_answer_stays_text(spoiled, visit, spared):
    house = spoiled(spared)
    prepare(house.world)
    seen = visit(house.url)
    evil = urllib.parse.quote("<img src=x onerror=alert(1)>", safe="")
    addresses = [address for address, _ in PAGES.values()] + [
        f"#/failures/{evil}", f"#/entries/{evil}", f"#/deliveries/{evil}",
        f"#/search?dossier={evil}&partner={evil}", f"#/audit?actor={evil}"]
    for address in addresses:
        seen.go(address)
        made = seen.page.evaluate("() => [window.hacked ?? null, document.querySelectorAll("
                                  "'img, body script, iframe, object, [onerror]').length]")
        assert made == [None, 0], address
    seen.go("#/failures")
    seen.page.get_by_text("<img src=x onerror=").first.wait_for()
    assert seen.faults == []
    assert not [path for _, path, _ in house.world.calls if path in ("/x", "/console/x")]


def test_an_address_that_brings_its_own_way_back_stays_here(house, visit):
    seen = visit(house.url, user=None)
    seen.page.evaluate("() => { location.hash = '#/login?back=https%3A%2F%2Fevil.example'; }")
    seen.settle()
    seen.sign_in("lan")
    seen.settle()
    assert seen.page.url == house.url + "/#/"
    assert seen.faults == []
