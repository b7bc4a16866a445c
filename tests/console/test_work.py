# SPDX-License-Identifier: Apache-2.0
"""What operators do in the console, from the first key to the last."""
import re

import pytest

import answers
from browsing import NARROW, WIDE

ENTRY = f"#/entries/{answers.RECEIPT}"
MENDED = "000.00.40.H09"


class Keys:
    """Somebody without a mouse."""

    def __init__(self, page):
        self.page = page

    def focused(self):
        return self.page.evaluate("() => { const one = document.activeElement; return "
                                  "[one.tagName, one.name ?? '', one.innerText ?? '', one.href ?? ''"
                                  "].join('|'); }")

    def tab_to(self, pattern, most=80):
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if re.search(pattern, self.focused()):
                return
        raise AssertionError(f"no way to {pattern} by Tab; now at {self.focused()}")

    def type(self, text):
        self.page.keyboard.type(text)

    def press(self, key):
        self.page.keyboard.press(key)

    def has_visible_focus(self):
        return self.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle "
                                  "!== 'none'")


def test_find_understand_and_edit_with_the_keyboard_alone(house, visit):
    seen = visit(house.url, user=None)
    keys = Keys(seen.page)
    assert keys.focused().startswith("INPUT|user")  # one may type at once
    keys.type("lan")
    keys.tab_to(r"^INPUT\|password")
    keys.type("mau")
    keys.press("Enter")
    seen.settle("Lưu lượng 24 giờ qua")
    seen.page.reload()
    seen.settle("Lưu lượng 24 giờ qua")
    keys.press("Tab")
    assert "Đến nội dung chính" in keys.focused()
    keys.tab_to("Tìm kiếm")
    assert keys.has_visible_focus()
    keys.press("Enter")
    seen.settle("Kết quả")
    assert keys.focused().startswith("H1")  # the new page is where one is
    keys.tab_to(r"^INPUT\|dossier")
    keys.type("000.12.40.H09-261126-0037")
    keys.press("Enter")
    seen.settle("Đang hiện 1 mục")
    keys.tab_to(r"^A\|\|000\.12\.40")
    keys.press("Enter")
    seen.settle("Diễn biến")
    keys.tab_to("Sửa văn bản")
    keys.press("Enter")
    seen.settle("Muốn sửa phải thấy toàn văn")
    keys.tab_to("Hiện dữ liệu cá nhân")
    keys.press("Enter")
    seen.page.locator("dialog[open]").wait_for()
    assert keys.focused().startswith("TEXTAREA|reason")
    keys.type("đối chiếu với phường")
    keys.tab_to("Hiện$|Hiện\\|")
    keys.press("Enter")
    seen.settle("Còn 1 lỗi")
    keys.tab_to(r"^BUTTON\|\|dòng 12")
    keys.press("Enter")
    assert keys.focused().startswith("TEXTAREA")  # the line is selected
    keys.type(f"    <To><AgencyCode>{MENDED}</AgencyCode></To>")
    seen.page.get_by_text("Văn bản hợp lệ.").wait_for()
    keys.press("Control+Enter")
    seen.page.locator("dialog[open]").wait_for()
    keys.type("mã cơ quan theo danh mục mới")
    keys.tab_to("Đề xuất bản sửa")
    keys.press("Enter")
    seen.settle("cần một người khác duyệt")
    assert MENDED in house.world.revisions[0]["text"]
    assert seen.faults == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_what_one_edits_another_approves_and_then_it_goes_on(house, visit, size):
    house.world.unmasked.add(answers.RECEIPT)
    author = visit(house.url, user="lan", size=size, language="en")
    author.go(f"{ENTRY}/edit", "Problems left: 1.")
    text = author.page.locator("#document").input_value()
    author.page.locator("#document").fill(
        text.replace(f"{answers.BAD_AGENCY}</AgencyCode>", f"{MENDED}</AgencyCode>"))
    author.page.get_by_text("The document is valid.").wait_for()
    author.page.get_by_role("button", name="Propose the revision").click()
    author.page.locator("dialog textarea").fill("as in the new list")
    author.page.locator("dialog button[type=submit]").click()
    author.settle("somebody else must approve it")
    assert author.page.get_by_role("button", name="Approve", exact=True).count() == 0

    other = visit(house.url, user="minh", size=size, language="en")
    other.go(f"{ENTRY}/revisions/1", "waits for a second person")
    other.page.get_by_role("button", name="Approve", exact=True).click()
    other.page.locator("dialog", has_text=house.world.revisions[0]["sha256"]).wait_for()
    other.shoot(f"approve-en-{size[0]}")
    other.page.locator("dialog button[type=submit]").click()
    other.page.get_by_role("button", name="Apply and replay").click()
    other.page.locator("dialog button[type=submit]").click()
    other.settle("Applied")
    assert house.world.state == "released"
    assert author.faults + other.faults == []


def test_polling_keeps_focus_and_scroll_and_changes_what_differs(house, visit):
    seen = visit(house.url, size=NARROW)
    link = seen.page.locator("td a").first
    link.focus()
    seen.page.evaluate("() => window.scrollTo(0, 700)")
    seen.page.evaluate("() => { document.activeElement.same = 'yes'; }")
    house.world.version = 60
    seen.page.get_by_text(re.compile("^99$")).first.wait_for()
    assert seen.page.evaluate("() => document.activeElement.same") == "yes"
    assert abs(seen.page.evaluate("() => window.scrollY") - 700) < 2
    polls = [headers for _, path, headers in house.world.calls if path.endswith("/overview")]
    assert "If-None-Match" not in polls[0] and "If-None-Match" in polls[-1]
    assert all(headers.get("X-Lienthong-Poll") for headers in polls[1:])
    assert seen.faults == []


def test_a_session_that_is_over_leads_to_the_login_and_back(house, visit):
    seen = visit(house.url)
    house.world.is_signed_out = True
    seen.go("#/audit")
    seen.page.locator("input[name=user]").wait_for()
    assert seen.page.locator("nav").count() == 0
    seen.sign_in("lan")
    seen.settle("Nhật ký thao tác")
    assert seen.page.url.endswith("#/audit")


def test_the_language_stays_and_problems_come_in_it(house, visit):
    seen = visit(house.url)
    seen.page.get_by_role("button", name="English").click()
    seen.settle("Overview")
    seen.page.reload()
    seen.settle("Overview")
    assert seen.page.evaluate("() => document.documentElement.lang") == "en"
    seen.go("#/jobs/999", "There is none")
    seen.page.get_by_role("button", name="Tiếng Việt").click()
    seen.settle("Không có")
    assert "job 999" in seen.page.inner_text("main")


def test_times_are_those_of_viet_nam_wherever_the_browser_is(house, visit):
    seen = visit(house.url)  # its clock is that of Paris
    said = seen.page.evaluate("""async () => {
        const { moment, isoDay } = await import('/console/text.js');
        return [moment('2026-11-26T23:30:00Z'), isoDay(0).length];
    }""")
    assert said == ["27/11/2026 06:30:00", 10]


def test_personal_data_is_masked_again_when_the_time_is_over(house, visit):
    seen = visit(house.url)
    seen.page.clock.install()
    seen.go(ENTRY, "Dữ liệu cá nhân đang được che.")
    assert "Nguyễn Thị Mẫu" not in seen.page.inner_text("main")
    seen.page.get_by_role("button", name="Hiện dữ liệu cá nhân").click()
    seen.page.locator("dialog button[type=submit]").click()
    assert seen.page.locator("dialog[open]").count() == 1  # not without a reason
    seen.page.locator("dialog textarea").fill("đối chiếu")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.get_by_text("Nguyễn Thị Mẫu").first.wait_for()
    seen.page.clock.run_for(61000)
    assert re.search(r"^[89]:\d\d$", seen.page.locator("#unmask-left").inner_text())
    house.world.unmasked.clear()
    seen.page.clock.run_for(601000)
    seen.page.get_by_text("Dữ liệu cá nhân đang được che.").wait_for()
    assert "Nguyễn Thị Mẫu" not in seen.page.inner_text("main")
    assert seen.faults == []


def test_a_problem_leads_to_its_line(house, visit):
    seen = visit(house.url)
    seen.go(ENTRY, "MessageId")
    seen.page.get_by_role("button", name="dòng 12").click()
    line = seen.page.locator("#pane0-line-12")
    assert line.evaluate("one => one === document.activeElement")
    assert "mã cơ quan sai dạng" in line.inner_text()


def test_a_rule_for_a_group_is_tried_approved_and_run(house, visit):
    seen = visit(house.url, language="en")
    seen.go(f"#/failures/{answers.FINGERPRINT}", "Group of failures")
    seen.page.get_by_role("button", name="Fix once for the group").click()
    assert seen.page.locator("dialog input[name=path]").input_value() == "/Handoff/To/AgencyCode"
    seen.page.locator("dialog input[name=to]").fill(MENDED)
    seen.page.locator("dialog textarea").fill("new list of agencies")
    seen.page.locator("dialog button[type=submit]").click()
    seen.settle("You wrote this rule")
    assert house.world.jobs[1]["options"] == {
        "rate_per_s": 200, "stop_above_share": 0.1, "may_be_stale": False,
        "rule": {"path": "/Handoff/To/AgencyCode", "to": MENDED}}
    other = visit(house.url, user="minh", language="en")
    other.go("#/jobs/1", "waits for a second person")
    other.page.get_by_role("button", name="Approve the rule").click()
    other.page.locator("dialog button[type=submit]").click()
    other.page.get_by_role("button", name="Run", exact=True).click()
    other.page.locator("dialog button[type=submit]").click()
    other.page.get_by_role("heading", name="Report").wait_for()
    other.shoot("job-done-en-1280")
    assert house.world.jobs[1]["counts"]["done"] == 1200
    assert seen.faults + other.faults == []


def test_chosen_rows_become_a_job_and_stay_chosen_as_more_are_shown(house, visit):
    seen = visit(house.url, language="en")
    seen.go(f"#/failures/{answers.FINGERPRINT}", "5 shown")
    seen.page.get_by_role("checkbox").first.check()
    seen.page.get_by_role("button", name="Show more").click()
    seen.page.get_by_text("8 shown").first.wait_for()
    seen.page.get_by_role("checkbox").last.check()
    seen.page.get_by_role("button", name="Preview a replay of these").click()
    seen.page.locator("dialog textarea").fill("two of them")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.wait_for_url(re.compile(r"#/jobs/1$"))
    seen.settle("2 chosen")
    assert len(house.world.jobs[1]["selection"]) == 2
    assert answers.RECEIPT in house.world.jobs[1]["selection"]


def test_a_dialog_gives_the_focus_back_and_says_why_it_was_refused(house, visit):
    seen = visit(house.url, language="en")
    house.world.unmasked.add(answers.RECEIPT)
    seen.go(ENTRY, "About this entry")
    opener = seen.page.get_by_role("button", name="Discard")
    opener.click()
    seen.page.keyboard.press("Escape")
    seen.page.locator("dialog").wait_for(state="detached")
    assert opener.evaluate("one => one === document.activeElement")
    opener.click()
    seen.page.route("**/discard", lambda route: route.fulfill(
        status=409, content_type="application/problem+json",
        body='{"title": "It could not be done", "detail": "somebody was faster"}'))
    seen.page.locator("dialog textarea").fill("no longer of use")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.locator("dialog [role=alert]", has_text="somebody was faster").wait_for()
    assert seen.page.locator("dialog textarea").input_value() == "no longer of use"


@pytest.mark.parametrize("language, words", [
    ("vi", ("Gửi tới một đối tác", "Hệ thống một cửa tỉnh")),
    ("en", ("Send to a partner", "Hệ thống một cửa tỉnh"))])
def test_a_dead_delivery_is_sent_to_the_partner_that_one_chooses(house, visit, language, words):
    seen = visit(house.url, language=language)
    seen.go(f"#/deliveries/{answers.DELIVERY}")
    seen.page.get_by_role("button", name=words[0]).click()
    seen.page.locator("dialog select[name=partner]").select_option(label=f"{words[1]} (tinh-binhduong)")
    seen.page.locator("dialog button[type=submit]").click()
    assert seen.page.locator("dialog").count() == 1, "without a reason"
    seen.page.locator("dialog textarea").fill("đã hỏi sở")
    seen.shoot(f"route-{language}")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.locator("dialog").wait_for(state="detached")
    assert house.world.routed == {
        answers.DELIVERY: {"partner": "tinh-binhduong", "reason": "đã hỏi sở"}}
    assert seen.faults == []


@pytest.mark.parametrize("language, was, untimed", [
    ("vi", "Trước đây bị lỗi", "Không lưu thời điểm"), ("en", "Earlier failure", "Time not kept")])
def test_what_was_mended_is_told_as_what_once_was(house, visit, language, was, untimed):
    house.world.state = "released"
    seen = visit(house.url, language=language)
    seen.go(ENTRY, was)
    facts = seen.page.locator("dl.facts").first.inner_text()
    assert answers.CAUSE in facts and answers.CAUSE_TEXT[language] not in facts
    story = seen.page.locator("ol.timeline").inner_text()
    assert untimed in story
    seen.shoot(f"mended-{language}")


def test_a_stage_that_runs_has_no_reason_beside_it(house, visit):
    seen = visit(house.url, language="en")
    seen.go("#/", "Publishing to Kafka")
    shown = seen.page.locator("dl.facts").inner_text()
    assert "position 18250 of partition 3 is gone" in shown and "all is well" not in shown


def test_who_may_only_look_is_offered_nothing_else(house, visit):
    seen = visit(house.url, user="xem", language="en")
    offers = "Edit|Release|Discard|Preview|Pause|Test|Reload|Prune|Fix|Show personal"
    for address in ("#/failures", f"#/failures/{answers.FINGERPRINT}", ENTRY, "#/search?state=dead",
                    "#/partners", f"#/deliveries/{answers.DELIVERY}", "#/jobs"):
        seen.go(address)
        assert seen.page.get_by_role("button", name=re.compile(offers)).count() == 0, address
        assert seen.page.get_by_role("link", name=re.compile("^Edit")).count() == 0, address
    seen.go(ENTRY, "You may not see what documents say.")
    asked = [path for _, path, _ in house.world.calls if "/document?" in path]
    assert asked == [] and seen.faults == []


def test_filters_are_kept_under_a_name_and_forgotten(house, visit):
    seen = visit(house.url, language="en")
    seen.go("#/search?state=dead&partner=motcua-phucuong", "Found")
    seen.page.get_by_role("button", name="Save this filter").click()
    seen.page.locator("dialog input[name=name]").fill("mine")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.get_by_role("link", name="mine").wait_for()
    assert house.world.filters == {"mine": {"state": "dead", "partner": "motcua-phucuong"}}
    seen.go("#/search", "Found")
    seen.page.get_by_role("link", name="mine").click()
    seen.page.wait_for_url(re.compile("partner=motcua-phucuong&state=dead$"))
    seen.page.get_by_role("button", name="Remove the filter mine").click()
    seen.page.get_by_text("none yet").wait_for()
    assert house.world.filters == {}


def test_the_record_is_checked_and_exported_and_sums_are_saved(house, visit):
    seen = visit(house.url, language="en")
    seen.go("#/audit", "What was done")
    seen.page.get_by_role("button", name="Check the whole record").click()
    seen.page.get_by_text("The record holds: 412 lines.").first.wait_for()
    with seen.page.expect_download() as download:
        seen.page.get_by_role("button", name="Export for inspectors").click()
    assert download.value.suggested_filename == "audit.jsonl"
    seen.go("#/reconciliation", "Sums that do not match: 1.")
    assert seen.page.locator("tr.wrong", has_text="Mismatch").count() == 1
    with seen.page.expect_download() as download:
        seen.page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert seen.faults == []


def test_what_was_typed_outlives_the_session_and_the_time_to_look(house, visit):
    house.world.unmasked.add(answers.RECEIPT)
    seen = visit(house.url)
    seen.go(f"{ENTRY}/edit", "Còn 1 lỗi.")
    seen.page.locator("#document").fill("<half-written")
    house.world.is_signed_out = True
    seen.go("#/jobs")
    seen.page.locator("input[name=user]").wait_for()
    seen.sign_in("lan")
    seen.settle()
    seen.go(f"{ENTRY}/edit", "Trở lại bản ban đầu")
    assert seen.page.locator("#document").input_value() == "<half-written"
    seen.page.get_by_role("button", name="Trở lại bản ban đầu").click()
    seen.page.get_by_text("Còn 1 lỗi.").wait_for()
    assert answers.BAD_AGENCY in seen.page.locator("#document").input_value()
    seen.page.locator("#document").fill("<again")
    seen.page.get_by_role("button", name="Đăng xuất").click()
    seen.page.locator("input[name=user]").wait_for()
    seen.sign_in("minh")
    seen.settle()
    seen.go(f"{ENTRY}/edit", "Còn 1 lỗi.")
    assert answers.BAD_AGENCY in seen.page.locator("#document").input_value()
    assert seen.faults == []


def test_numbers_that_cannot_be_brought_up_to_date_say_so(house, visit):
    seen = visit(house.url)
    assert seen.page.locator("#stale").is_hidden()
    seen.page.route("**/overview", lambda route: route.abort())
    seen.page.get_by_text("Không cập nhật được").wait_for()
    assert seen.page.get_by_text("1.284").first.is_visible()
    seen.page.unroute("**/overview")
    seen.page.locator("#stale").wait_for(state="hidden")


def test_the_menu_of_a_narrow_window_opens_by_its_button(house, visit):
    seen = visit(house.url, size=NARROW)
    button = seen.page.get_by_role("button", name="Danh mục")
    assert button.get_attribute("aria-expanded") == "false" and seen.page.locator("nav").is_hidden()
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    seen.page.locator("nav").get_by_role("link", name="Đối soát").click()
    seen.settle("Lượt chuyển đi")
    assert seen.page.locator("nav").is_hidden()
    assert seen.faults == []


def test_a_logout_that_failed_is_said_and_offered_again(house, visit):
    seen = visit(house.url)
    seen.page.route("**/operate/v1/logout", lambda route: route.abort())
    seen.page.get_by_role("button", name="Đăng xuất").click()
    seen.page.locator("dialog[open]", has_text="Chưa đăng xuất được").wait_for()
    seen.page.locator("dialog button.cancel").click()
    seen.page.locator("dialog").wait_for(state="detached")
    assert "#/login" not in seen.page.url  # nobody takes him for gone
    seen.page.get_by_role("button", name="Đăng xuất").click()
    seen.page.locator("dialog[open]").wait_for()
    seen.page.unroute("**/operate/v1/logout")
    seen.page.locator("dialog button[type=submit]").click()
    seen.page.locator("input[name=user]").wait_for()
    assert [path for method, path, _ in house.world.calls if method == "POST"][-1].endswith("/logout")


def test_a_password_keeps_the_blanks_around_it(house, visit):
    seen = visit(house.url, user=None)
    seen.page.locator("input[name=user]").fill(" lan ")
    seen.page.locator("input[name=password]").fill(" mau ")
    with seen.page.expect_request(lambda one: one.method == "POST") as sent:
        seen.page.locator("form button[type=submit]").click()
    assert sent.value.post_data_json == {"user": "lan", "password": " mau "}


def test_what_is_no_record_is_not_saved_as_one(house, visit):
    seen = visit(house.url, language="en")
    seen.go("#/audit", "What was done")
    saved = []
    seen.page.on("download", lambda one: saved.append(one))
    seen.page.route("**/audit/export*", lambda route: route.fulfill(
        status=503, content_type="application/problem+json", body='{"title": "The gateway is busy"}'))
    seen.page.get_by_role("button", name="Export for inspectors").click()
    seen.page.locator("[role=alert]", has_text="The gateway is busy").wait_for()
    house.world.is_signed_out = True
    seen.page.unroute("**/audit/export*")
    seen.page.get_by_role("button", name="Export for inspectors").click()
    seen.page.locator("input[name=user]").wait_for()
    assert saved == []


@pytest.mark.parametrize("times", [1, 2])  # a browser minds the first alone
def test_what_is_sent_is_not_given_up_by_escape(house, visit, times):
    house.world.unmasked.add(answers.RECEIPT)
    seen, held = visit(house.url, language="en"), []
    seen.go(f"{ENTRY}/edit", "Problems left: 1.")
    text = seen.page.locator("#document").input_value()
    seen.page.locator("#document").fill(
        text.replace(f"{answers.BAD_AGENCY}</AgencyCode>", f"{MENDED}</AgencyCode>"))
    seen.page.get_by_text("The document is valid.").wait_for()
    seen.page.route("**/revisions", lambda route: held.append(route))
    seen.page.get_by_role("button", name="Propose the revision").click()
    seen.page.locator("dialog textarea").fill("as in the new list")
    with seen.page.expect_request("**/revisions"):
        seen.page.locator("dialog button[type=submit]").click()
    for _ in range(times):
        seen.page.keyboard.press("Escape")
    if times == 1:
        assert seen.page.locator("dialog[open]").count() == 1
    held[0].continue_()
    seen.settle("somebody else must approve it")
    assert len(house.world.revisions) == 1
    assert seen.faults == []
