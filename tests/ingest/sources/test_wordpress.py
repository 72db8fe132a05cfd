from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.ingest.sources import Record, SkippedItem, detect
from feeds.ingest.sources.wordpress import SOURCE, paragraphed
from feeds.text.html import Html
from tests.ingest.sources.samples import NOON, items, post, records, refusals, rss, wxr


def test_all_fields_of_a_post_are_read() -> None:
    (record,) = records(
        "wordpress",
        wxr(
            post(
                "Pirmā.\n\nOtrā <a href='/x'>saite</a>.",
                '<category domain="category" nicename="k"><![CDATA[Kult&#363;ra &amp; māksla]]>'
                '</category><category domain="post_tag" nicename="t">birka</category>'
                '<category domain="category" nicename="s">Sports</category>'
                "<wp:post_modified_gmt>2011-01-02 03:04:05</wp:post_modified_gmt>",
                title="Tilts &amp; <em>ceļš</em>",
            )
        ),
    )
    assert record == Record(
        title="Tilts & ceļš",
        published=NOON,
        labels=("Kultūra & māksla", "Sports"),
        body=(
            Html(
                "<p>Pirmā.</p>\n<p>Otrā <a href='/x'>saite</a>.</p>",
                "https://a.example.lv/2010/05/tilts-1/",
            ),
        ),
        author="Anna Ozola",
        language="lv",
        modified=datetime(2011, 1, 2, 3, 4, 5, tzinfo=UTC),
        original_id="https://a.example.lv/?p=1",
        original="https://a.example.lv/2010/05/tilts-1/",
        where="item 1",
    )


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (post(kind="page"), "it is a page"),
        (post(kind="attachment", state="inherit"), "it is an attachment"),
        (post(kind="event"), "it is of the type event, not a post"),
        (post(state="draft"), "it is a draft"),
        (post(state="future"), "it is scheduled for later"),
        (post(state="odd"), "its status is odd, not publish"),
        (post(more="<wp:post_password>x</wp:post_password>"), "it is protected by a password"),
    ],
)
def test_an_item_that_is_not_a_published_post_is_skipped_with_the_reason(
    part: str, reason: str
) -> None:
    skipped, record = items("wordpress", wxr(part, post(number=2)))
    assert skipped == SkippedItem(reason, "item 1")
    assert isinstance(record, Record)
    assert record.where == "item 2"


def test_the_date_of_a_post_is_in_gmt_or_local_or_its_pub_date() -> None:
    zeros = post(gmt="0000-00-00 00:00:00")
    without = zeros.replace("wp:post_date>", "wp:x>")
    for part in (zeros, without):
        assert records("wordpress", wxr(part))[0].published == NOON
    undated = without.replace("pubDate>", "y>")
    assert refusals("wordpress", wxr(undated)) == [("item 1", "it has no publication date")]


def test_an_invalid_post_does_not_affect_the_others() -> None:
    found = items(
        "wordpress", wxr(post(title=" "), post(gmt="9999-99-99 00:00:00"), post(number=3))
    )
    assert [item.where for item in found] == ["item 1", "item 2", "item 3"]
    assert isinstance(found[2], Record)
    assert refusals("wordpress", wxr(post(title=" "))) == [("item 1", "it has no title")]


def test_an_unknown_login_is_the_author_and_a_post_without_links_has_no_id() -> None:
    part = post().replace(">anna<", ">janis<").replace("<link>", "<x>").replace("</link>", "</x>")
    (record,) = records("wordpress", wxr(part.replace("guid", "y")))
    assert (record.author, record.original_id, record.original) == ("janis", None, None)
    (record,) = records("wordpress", wxr(post().replace(">anna<", "><")))
    assert record.author is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\r\nb\r\n\r\n\r\nc", "<p>a<br>\nb</p>\n<p>c</p>"),
        ("<p>a</p>\n\n<ul><li>b</li></ul>", "<p>a</p>\n<ul><li>b</li></ul>"),
        ("a\n\n<h2>b</h2>\n\nc", "<p>a</p>\n<h2>b</h2>\n<p>c</p>"),
        ("<pre>a\n\nb</pre>", "<pre>a\n\nb</pre>"),
        ("", ""),
    ],
)
def test_text_becomes_paragraphs_as_in_wordpress(content: str, expected: str) -> None:
    assert paragraphed(content) == expected


def test_an_export_is_not_recognised_as_a_feed() -> None:
    assert detect("x.xml", wxr().encode()) is SOURCE
    assert detect("x.xml", rss().encode()) is not SOURCE


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=20))
def test_no_post_causes_an_unexpected_error(body: str, title: str, date: str) -> None:
    for item in items(
        "wordpress", wxr(post(body, title=title, gmt=date)).encode("utf-8", "replace")
    ):
        assert isinstance(item, Record) or item.reason
