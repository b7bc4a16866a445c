# SPDX-License-Identifier: Apache-2.0
"""The operators' guide says what is there: buttons and pages by the console's own words, commands that
the command line has, pictures that exist and are small; and both languages have the same sections."""
import re
import subprocess

import pytest

from harness.gateway import BUILD
from harness.operators import Words
from harness.services import ROOT

DOCS = ROOT / "docs"
GUIDES = {"en": DOCS / "operate.md", "vi": DOCS / "operate.vi.md"}
EMPHASIS = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])")
COMMAND = re.compile(r"`lienthong ([a-z]+)")
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
MOST_BYTES = 150_000
SECTIONS = 26  # twelve tasks, then setting up and reference


def text_of(language):
    return GUIDES[language].read_text(encoding="utf-8")


@pytest.mark.parametrize("language", GUIDES)
def test_what_is_to_be_pressed_is_there_to_press(language):
    known = {text.lower() for text in Words(language).all.values()}
    named = EMPHASIS.findall(text_of(language))
    assert len(named) > 30
    assert [one for one in named if one.lower() not in known] == []


@pytest.mark.parametrize("language", GUIDES)
def test_commands_are_commands(language):
    usage = subprocess.run([BUILD / "lienthong"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"^  ([a-z]+) ", usage.stdout + usage.stderr, re.M))
    named = set(COMMAND.findall(text_of(language)))
    assert len(named) > 8 and named <= known, named - known


@pytest.mark.parametrize("language", GUIDES)
def test_pictures_are_there_and_small(language):
    pictures = [DOCS / path for path in PICTURE.findall(text_of(language))]
    assert len(pictures) == 3 and all(f".{language}." in one.name for one in pictures)
    assert [one for one in pictures if not 0 < one.stat().st_size < MOST_BYTES] == []


def test_both_languages_have_the_same_sections():
    sections = {language: text_of(language).split("\n## ")[1:] for language in GUIDES}
    assert all(len(found) >= SECTIONS for found in sections.values())
    for en, vi in zip(sections["en"], sections["vi"], strict=True):
        for pattern in (PICTURE, COMMAND, re.compile(r"^\d\. ", re.M), re.compile(r"^\| ", re.M)):
            assert len(pattern.findall(en)) == len(pattern.findall(vi)), (en[:60], vi[:60])
