# SPDX-License-Identifier: Apache-2.0
"""The console before a running gateway, on the broker inside it: nothing here is canned."""
import re

import pytest

import browsing
import gateway

GOOD = "000.00.40.H09"
BAD = "000.99.99.H09"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    if not (gateway.BUILD / "lienthongd").exists():
        pytest.skip(f"there is no {gateway.BUILD / 'lienthongd'}: make first")
    with gateway.running(tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture
def enter(visit, running):
    def go(user, **wishes):
        return visit(running.url, user=user, password=gateway.PASSWORD, **wishes)

    return go


def wait_for(seen, address, text, tries=40):
    """What comes to a list a moment later: looks again and again."""
    for _ in range(tries):
        seen.go("#/no/such/page")
        seen.go(address)
        if seen.page.get_by_text(text).locator("visible=true").count():
            return
        seen.page.wait_for_timeout(250)
    raise AssertionError(f"{address} does not come to {text}")


def open_dead(seen, dossier):
    seen.go(f"#/search?state=dead&dossier={dossier}")
    seen.page.get_by_role("link", name=dossier).first.click()
    seen.settle(re.compile("Diễn biến|What happened"))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("size", [browsing.WIDE, browsing.NARROW], ids=["1280", "390"])
def test_every_page_of_a_running_gateway_is_sound(enter, size, language):
    seen = enter("lan", size=size, language=language)
    found = []

    def look(name, address=None):
        if address:
            seen.go(address)
        seen.shoot(f"gateway-{name}-{language}-{size[0]}")
        found.extend(f"{name}: {fault}" for fault in seen.judge() + seen.faults)
        seen.faults.clear()
        if seen.overflow() > 0:
            found.append(f"{name}: is {seen.overflow()} px too wide")

    for name in ("", "failures", "search", "deliveries", "jobs", "partners", "reconciliation",
                 "audit"):
        look(name or "overview", f"#/{name}")
    for name, listed in (("group", "failures"), ("entry", "search?state=dead"),
                         ("published", "search?state=published"), ("delivery", "deliveries")):
        seen.go(f"#/{listed}")
        look(name, seen.page.locator("tbody a").first.get_attribute("href"))
    assert found == []


def test_found_understood_mended_approved_and_delivered(enter, running):
    author, other = enter("lan"), enter("minh", language="en")
    dossier = "000.12.40.H09-250512-0020"
    open_dead(author, dossier)
    entry = author.page.url.split("#")[1]
    author.page.get_by_text("Mã cơ quan sai dạng").first.wait_for()
    author.page.get_by_role("link", name="Sửa văn bản").click()
    author.page.get_by_role("button", name="Hiện dữ liệu cá nhân").click()
    author.page.locator("dialog textarea").fill("sửa mã cơ quan nhận")
    author.page.locator("dialog button[type=submit]").click()
    area = author.page.locator("#document")
    area.wait_for()
    author.page.get_by_text("Còn 1 lỗi.").wait_for()
    area.fill(area.input_value().replace(BAD, GOOD))
    author.page.get_by_text("Văn bản hợp lệ.").wait_for()
    author.shoot("gateway-edit-vi-1280")
    author.page.get_by_role("button", name="Đề xuất bản sửa").click()
    author.page.locator("dialog textarea").fill("theo danh mục cơ quan")
    author.page.locator("dialog button[type=submit]").click()
    author.settle("cần một người khác duyệt")
    author.shoot("gateway-revision-vi-1280")

    other.go(f"#{entry}/revisions/1", "waits for a second person")
    other.page.get_by_role("button", name="Approve", exact=True).click()
    other.page.locator("dialog button[type=submit]").click()
    other.page.get_by_role("button", name="Apply and replay").click()
    other.page.locator("dialog button[type=submit]").click()
    other.settle("Applied")
    wait_for(other, f"#{entry}", "On its way")
    wait_for(other, f"#{entry}", re.compile("^Published$"))
    other.page.locator(".document").first.wait_for()
    other.shoot("gateway-mended-en-1280")
    steps = other.page.locator(".timeline b").all_inner_texts()
    assert steps.index("Revision applied") < steps.index("Published") < steps.index("On its way")
    wait_for(other, f"#/search?dossier={dossier}&state=published", "2 shown")  # and the one behind it
    assert author.faults + other.faults == []


def test_a_rule_for_the_group_is_previewed_approved_and_run(enter):
    author, other = enter("lan", language="en"), enter("minh", language="en")
    author.go("#/failures")
    author.page.locator("tr", has_text="agency /Handoff/To/AgencyCode").get_by_role("link").click()
    author.settle("Group of failures")
    author.page.get_by_role("button", name="Fix once for the group").click()
    author.page.locator("dialog input[name=from]").fill(BAD)
    author.page.locator("dialog input[name=to]").fill(GOOD)
    author.page.locator("dialog textarea").fill("the list of agencies has changed")
    author.page.locator("dialog button[type=submit]").click()
    author.page.get_by_text("You wrote this rule").wait_for()
    author.shoot("gateway-previewed-en-1280")
    job = author.page.url.split("#")[1]

    other.go(f"#{job}", "waits for a second person")
    other.page.get_by_role("button", name="Approve the rule").click()
    other.page.locator("dialog button[type=submit]").click()
    other.page.get_by_role("button", name="Run", exact=True).click()
    other.page.locator("dialog button[type=submit]").click()
    other.page.get_by_role("heading", name="Report").wait_for()
    other.shoot("gateway-job-done-en-1280")
    wait_for(other, "#/failures", "Nothing has failed.")
    assert author.faults + other.faults == []


def test_markup_in_a_dossier_stays_text(enter):
    seen = enter("lan")
    seen.go("#/search?dossier=000.12.40.H09-250512-0040")
    seen.page.locator("tbody a").first.click()
    seen.page.get_by_role("button", name="Hiện dữ liệu cá nhân").click()
    seen.page.locator("dialog textarea").fill("thử")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.get_by_text("<img src=x onerror=").first.wait_for()
    assert seen.page.evaluate("() => [window.hacked ?? null, document.querySelectorAll('img').length]"
                              ) == [None, 0]
    assert seen.faults == []


def test_what_was_done_is_on_record_and_the_record_holds(enter):
    seen = enter("lan", language="en")
    seen.go("#/audit", "Revision applied")
    seen.page.get_by_role("button", name="Check the whole record").click()
    seen.page.get_by_text("The record holds").first.wait_for()
    seen.go("#/reconciliation", "All sums match.")
    assert seen.faults == []


def test_who_may_only_look_is_refused_nothing_that_the_pages_ask_for(enter):
    seen = enter("xem")
    for name in ("", "failures", "search", "deliveries", "jobs", "partners", "reconciliation",
                 "audit"):
        seen.go(f"#/{name}")
        assert seen.page.locator("[role=alert]").count() == 0, name
    seen.go("#/search")
    seen.page.locator("tbody a").first.click()
    seen.settle("Bạn không có quyền xem nội dung văn bản.")
    assert seen.page.locator("[role=alert]").count() == 0
    assert seen.faults == []
