"""Which angle brackets begin a tag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text.html import escape_stray, strip_tags

TEXT = [
    "Email to <press@t.example> now",
    "a<b and c>d",
    "<john.doe>",
    "x < y",
    "<http://a.example/>",
    "$a<b$",
    "1<2>3",
    "</3",
    "a <!-- b",
    "Dear <first-name>,",
    "<text>",
    "<p a b>",
    "<b",
    "<a href='x",
    "<! x>",
    "a <- b -> c",
]
MARKUP = [
    "<b>x</b>",
    "<IMG SRC=a ALT>",
    "<br/>",
    "<br clear=all>",
    "<p onclick='a > b'>x</p>",
    "<a href=x\ntarget=y>x</a>",
    '<a href="x"" title="y">x</a>',
    "<o:p></o:p>",
    "<x-tab>x</x-tab>",
    "<x-tab class=x>",
    "<path d='M0'/>",
    "<input disabled data-x>",
    "<p\n>",
]


@pytest.mark.parametrize("text", TEXT)
def test_words_in_angle_brackets_stay_text(text: str) -> None:
    assert escape_stray(text) == text.replace("<", "&lt;")
    assert strip_tags(text) == text


@pytest.mark.parametrize("markup", MARKUP)
def test_tags_stay_tags(markup: str) -> None:
    assert escape_stray(markup) == markup
    assert strip_tags(markup).strip() in {"", "x"}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("R&amp;amp;D <b>now</b>", "R&amp;D now"),
        ("&lt;b&gt; a", "<b> a"),
        ("One<br>two", "One two"),
        ("<![CDATA[a < b]]> c", "a < b c"),
        ("a<!-- b -->c<?xml version='1.0'?>", "ac"),
        ("a<script>b</script><textarea>c &amp; <b></textarea>", "ac & <b>"),
    ],
)
def test_a_title_is_text_without_tags(markup: str, text: str) -> None:
    assert strip_tags(markup) == text


@given(st.text(alphabet="<>abp=\"'/!- &;x:@."))
def test_what_has_been_escaped_is_markup(text: str) -> None:
    escaped = escape_stray(text)
    assert escape_stray(escaped) == escaped
