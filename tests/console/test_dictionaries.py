# SPDX-License-Identifier: Apache-2.0
"""The words of the console: both languages have the same, and every page finds those it asks for."""
import re

from browsing import ROOT

CONSOLE = ROOT / "gateway" / "operate" / "console"
LINE = re.compile(r"^    '([^']+)': '((?:[^'\\]|\\.)*)',$", re.M)


def words(name):
    return dict(LINE.findall((CONSOLE / name).read_text(encoding="utf-8")))


def test_both_languages_have_the_same_keys_and_the_same_places_for_values():
    vi, en = words("vi.js"), words("en.js")
    assert len(vi) > 300 and vi.keys() == en.keys()
    places = re.compile(r"\{(\w+)\}")
    assert [key for key in vi if sorted(places.findall(vi[key])) != sorted(places.findall(en[key]))] == []


def test_every_word_that_a_page_asks_for_is_there():
    known = words("vi.js")
    asked = {key for file in CONSOLE.glob("*.js")
             for key in re.findall(r"\bt\('([a-z0-9_.-]+)'", file.read_text(encoding="utf-8"))}
    assert len(asked) > 200 and sorted(asked - known.keys()) == []


def test_no_page_makes_markup_out_of_text_or_runs_one():
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|"
                           r"new Function|https?://(?!www\.w3\.org)|setTimeout\('")
    assert {file.name: found for file in CONSOLE.iterdir()
            if (found := forbidden.findall(file.read_text(encoding="utf-8")))} == {}


def test_every_act_that_is_put_on_record_has_a_word():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "gateway").glob("*/*.c"))
    written = {act for line in re.findall(r"\.act = ([^,;]*)", sources)
               for act in re.findall(r'"([a-z-]+)"', line)}
    known = {key.removeprefix("act.") for key in words("vi.js")}
    assert len(written) > 8 and sorted(written - known) == []
