# SPDX-License-Identifier: Apache-2.0
"""One working day before the console: a partner's documents fail, somebody finds and understands it,
mends one, a second person approves, the rest is tried, replayed, and seen to arrive.  In a real
browser, with a real broker, in both languages, wide and narrow; what the pages look like is kept in
build/console/journey-*.png.  With `--pictures docs/pictures` the guide's are made anew."""
import contextlib
import pathlib

import pytest

import browsing
from browsing import NARROW, WIDE
from harness import documents, operators
from harness.delivering import FAST, listed
from harness.gateway import Gateway
from harness.operators import PARKING, RIGHT, WRONG, Operator, Seat, Words, faulty, sound, tokens
from harness.partner import Partner
from harness.patience import until

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def browser():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(browsing.open_browser())
        except browsing.Unavailable as reason:
            pytest.skip(f"no browser here: {reason}")


class House:
    """A gateway with a console, and the one system that it delivers to."""

    def __init__(self, folder, kafka, registry):
        self.partner = Partner(folder / "noi-nhan", "noi-nhan", "lienthong-xml",
                               agencies=[documents.DISTRICT])
        self.gateway = Gateway(folder / "gateway", brokers=kafka.brokers, registry=registry.url,
                               partners=[PARKING[0], self.partner.row()], config=FAST)
        self.gateway.run("topics", "create")
        self.address = operators.open_console(self.gateway)

    def __enter__(self):
        self.partner.start()
        self.gateway.start()
        return self

    def __exit__(self, *_):
        self.gateway.end()
        self.partner.kill()


@pytest.fixture(scope="module")
def house(tmp_path_factory, kafka, registry):
    with House(tmp_path_factory.mktemp("house"), kafka, registry) as one:
        yield one


class Trouble:
    """What failed since this morning: the second of three of one dossier, and three more."""

    def __init__(self, house, tag, start):
        self.tag = tag
        self.dossier, *self.others = (documents.dossier_code(start + no) for no in range(4))
        self.tokens = [f"{tag}-{no}" for no in (1, 2, 3)]
        accept = house.gateway.accept
        first = accept(sound(self.tokens[0], self.dossier))[0]["receipt"]
        self.bad = accept(faulty(self.tokens[1], self.dossier, no=2))[0]["receipt"]
        accept(sound(self.tokens[2], self.dossier, no=3))
        for no, dossier in enumerate(self.others):
            accept(faulty(f"{tag}-o{no}", dossier))
        house.gateway.wait_published(first)
        house.partner.wait_for(lambda seen: self.tokens[0] in tokens(seen))


LANGUAGES = {"vi": Words("vi"), "en": Words("en")}
STEPS = [("vi", WIDE), ("vi", NARROW), ("en", WIDE), ("en", NARROW)]
THOROUGH = STEPS[1:3]  # these see the dialogs and all the other pages too


@pytest.mark.parametrize("language,size", STEPS, ids=[f"{one}-{size[0]}" for one, size in STEPS])
def test_a_day_before_the_console(house, browser, pytestconfig, language, size):
    words, number = LANGUAGES[language], STEPS.index((language, size))
    tag, guide = f"{language}-{size[0]}", pytestconfig.getoption("--pictures")
    is_thorough = (language, size) in THOROUGH
    trouble = Trouble(house, f"J{number}", 100 * (number + 1))

    def sit(name):
        visit = stack.enter_context(operators.sit_down(browser, house.address, name,
                                                      language=language, size=size))
        return Seat(visit, words, tag, is_thorough=is_thorough,
                    guide=pathlib.Path(guide) if guide and size == WIDE else None)

    with contextlib.ExitStack() as stack:
        an, binh = sit("an"), sit("binh")
        find(an, trouble)
        understand(an)
        mend(an)
        approve(binh, an.page.url)
        apply(an)
        assert_order(house, trouble)
        job = try_the_rest(an)
        let_the_rest_go(an, binh, job)
        see_it_delivered(an, house, trouble)
        if is_thorough:
            look_around(an)
        assert an.findings + binh.findings == []


def find(an, trouble):
    """From the overview to the group, and to the entry that holds a dossier up."""
    an.page.locator(".tile.bad").first.wait_for()
    an.look("01-overview")
    an.open("failures")
    row = an.page.locator("main tbody tr")
    assert row.count() == 1 and "PARK" not in row.inner_text()
    an.look("02-failures")
    row.locator("a").first.click()
    an.until_title(an.words("failure.title"))
    assert an.page.locator("main tbody tr").count() == 4
    an.look("03-group", "group")
    an.page.locator("main tbody tr", has_text=trouble.dossier).locator("a").first.click()
    an.until_title(trouble.dossier)


def understand(an):
    """What is wrong, where it stands, and nobody's name."""
    an.page.locator(".document .problem").first.wait_for()
    an.visit.settle()
    marked = an.page.locator(".document .problem").first.inner_text()
    assert WRONG in marked
    shown = an.page.locator("main").inner_text()
    assert not [word for word in documents.PERSONAL if word in shown]
    an.look("04-entry")


def mend(an):
    """Only with the whole text in sight, which leaves a record; then a revision with a reason."""
    an.page.get_by_role("link", name=an.words("entry.edit"), exact=True).click()
    an.until_title(an.words("edit.title"))
    an.press("unmask.button")
    an.answer("unmask.action", reason="Sửa mã cơ quan tiếp nhận")
    area = an.page.locator("#document")
    area.wait_for()
    an.wait_for(an.words("edit.problems", count=1))
    an.look("05-editor")
    text = area.input_value()
    assert documents.APPLICANT in text and WRONG in text
    area.fill(text.replace(WRONG, RIGHT))
    an.wait_for(an.words("edit.passes"))
    an.look("06-mended", "editor")
    an.press("edit.propose")
    an.answer("edit.propose", reason="Mã cơ quan sai, đã hỏi lại nơi gửi")
    an.until_title(an.words("revision.one", no=1))
    assert an.button("revision.approve").count() == 0, "nobody approves his own"
    an.wait_for(an.words("revision.mine"))
    an.look("07-proposed")


def approve(binh, address):
    """The second person sees the difference and the hash, and nothing to apply."""
    binh.visit.go(address.partition("#")[2] and "#" + address.partition("#")[2])
    binh.until_title(binh.words("revision.one", no=1))
    assert RIGHT in binh.page.locator(".diff").inner_text()
    binh.look("08-to-approve")
    binh.press("revision.approve")
    binh.answer("revision.approve")
    binh.wait_for(binh.words("revised.approved"))
    assert binh.button("revision.apply").count() == 0, "who approves does not apply"


def apply(an):
    an.page.reload()
    an.until_title(an.words("revision.one", no=1))
    an.press("revision.apply")
    an.answer("revision.apply")
    an.wait_for(an.words("revised.applied"))
    an.look("09-applied")


def assert_order(house, trouble):
    house.partner.wait_for(lambda seen: trouble.tokens[2] in tokens(seen))
    taken = [token for token in tokens(house.partner.requests()) if token in trouble.tokens]
    assert taken == trouble.tokens


def try_the_rest(an):
    """One rule for all that failed alike; tried, and nothing changed by it."""
    an.open("failures")
    an.page.locator("main tbody tr a").first.click()
    an.until_title(an.words("failure.title"))
    assert an.page.locator("main tbody tr").count() == 3
    an.press("failure.rule")
    an.answer("job.new.action", **{"from": WRONG, "to": RIGHT,
                                   "reason": "Một mã sai trong cả nhóm"})
    an.page.locator(".tile", has_text=an.words("item.would_pass")).locator("b") \
        .get_by_text("3", exact=True).wait_for()
    an.wait_for(an.words("job.previewed"))
    an.look("10-preview", "preview")
    return an.page.url


def let_the_rest_go(an, binh, job):
    if an.button("job.run").count() == 0:  # the rule waits for a second person's word
        binh.visit.go("#" + job.partition("#")[2])
        binh.press("job.approve")
        binh.answer("job.approve")
        an.page.reload()
    an.press("job.run")
    an.answer("job.run", reason="Đã xem kết quả chạy thử")
    an.page.locator(".badge", has_text=an.words("job.done")).first.wait_for()
    an.visit.settle()
    an.look("11-replayed")


def see_it_delivered(an, house, trouble):
    wanted = {f"{trouble.tag}-o{no}" for no in range(3)}
    house.partner.wait_for(lambda seen: wanted <= set(tokens(seen)))
    caller = Operator(house.address, "an")
    receipt = caller.get("entries", dossier=trouble.others[0])["items"][0]["receipt"]
    until(lambda: not [one for one in listed(house.gateway, "--partner", house.partner.id)
                       if one["state"] in ("waiting", "parked")])
    an.visit.go(f"#/entries/{receipt}")
    an.wait_for(an.words("state.delivered"))
    an.look("12-delivered")
    assert caller.get("failures")["items"] == []


def look_around(an):
    """The pages that the way did not lead over."""
    for menu in ("overview", "search", "deliveries", "jobs", "partners", "reconciliation", "audit"):
        an.open(menu)
        an.look(f"13-{menu}")
