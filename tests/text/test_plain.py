"""Plain text: which characters no document, page or terminal is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text.plain import clean_text, one_line, remove_forbidden
from tests.portal import Portal, page

C1 = [chr(code) for code in range(0x80, 0xA0) if code != 0x85]


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", *C1, "\ufffe", "\ud800"])
def test_control_characters_are_removed(control: str) -> None:
    assert remove_forbidden(f"a{control}b\n") == "ab\n"
    assert clean_text(f"a{control}b") == "ab"
    assert one_line(f"a{control}b") == "ab"


@pytest.mark.parametrize("space", ["\t", "\n", "\r", "\x85", "\xa0"])
def test_white_space_separates_words(space: str) -> None:
    assert remove_forbidden(f"a{space}b") == f"a{space}b"
    assert one_line(f"a{space}b") == "a b"


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert one_line(one_line(text)) == one_line(text)


def test_no_terminal_or_feed_gets_a_control_from_a_title_or_a_category(portal: Portal) -> None:
    portal.imported(page("T\x9b31mitle", "Kul\x9b31mtūra"))
    client = portal.client()
    answers = [
        portal.feeds("categories").out,
        portal.feeds("status").out,
        *(client.get(f"/releases.{form}").text for form in ("atom", "rss", "json")),
    ]
    assert all("Kul31mtūra" in answer and "\x9b" not in answer for answer in answers)
