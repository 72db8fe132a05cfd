import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.domain import Attachment
from feeds.ingest.sources import Context, Record, SkippedItem, detect
from feeds.ingest.sources.wordpress import SOURCE
from feeds.text.html import Html
from tests.conftest import SHARED
from tests.ingest.sources.samples import (
    NOON,
    RIGA,
    items,
    media,
    post,
    records,
    refusals,
    rss,
    wxr,
)

CASES = SHARED / "cases"


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
        fallback=(Html("<p>īsi</p>", "https://a.example.lv/2010/05/tilts-1/"),),
        authors=("Anna Ozola",),
        language="lv",
        modified=datetime(2011, 1, 2, 3, 4, 5, tzinfo=UTC),
        permanent_id="https://a.example.lv/?p=1",
        original="https://a.example.lv/2010/05/tilts-1/",
        where="item 1",
        passed_over=("post_tag",),
        dropped=(("excerpt", 1),),
    )


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (post(kind="page"), "it is a page"),
        (post(kind="attachment", state="inherit"), "it is an attachment"),
        (post(kind="revision", state="inherit"), "it is a revision"),
        (post(kind="nav_menu_item"), "it is a menu item"),
        (post(kind="wp_block"), "it is a reusable block"),
        (post(kind="wp_template"), "it is a template"),
        (post(kind="custom_css"), "it is a style sheet"),
        (post(kind="customize_changeset", state="trash"), "it is a change of settings"),
        (post(kind="oembed_cache"), "it is a copy of an embedded page"),
        (post(kind="user_request"), "it is a request about personal data"),
        (post(state="draft"), "it is a draft"),
        (post(state="auto-draft"), "it is a draft"),
        (post(state="pending"), "it is pending review"),
        (post(state="future"), "it is scheduled for later"),
        (post(state="private"), "it is private"),
        (post(state="trash"), "it is in the trash"),
        (post(state="inherit"), "it belongs to another post"),
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


def test_comments_of_a_post_are_dropped_and_counted() -> None:
    comment = (
        "<wp:comment><wp:comment_author>Bot</wp:comment_author><wp:comment_content>Buy"
        "</wp:comment_content></wp:comment>"
    )
    (record,), (without,) = (records("wordpress", wxr(post(more=more))) for more in (comment, ""))
    assert record.dropped == (*without.dropped, ("comment", 1))
    assert record == replace(without, dropped=record.dropped)


def topic(name: str, taxonomy: str = "topic") -> str:
    return f'<category domain="{taxonomy}" nicename="x">{name}</category>'


def test_other_types_and_taxonomies_can_be_chosen_and_are_named_if_not() -> None:
    document = wxr(
        post(kind="event", more=topic("Osta") + topic("Ziņas", "category")),
        post(number=2, more=topic("Osta") + topic("video", "post_format")),
    )
    skipped, record = items("wordpress", document)
    assert skipped == SkippedItem("it is of the type event", "item 1", "event", ("topic",))
    assert isinstance(record, Record)
    assert (record.labels, record.passed_over) == ((), ("topic",))
    context = Context("x", b"", RIGA, ("event",), ("topic",))
    record, skipped = SOURCE.read(io.BytesIO(document.encode()), context)
    assert isinstance(record, Record)
    assert (record.labels, record.passed_over) == (("Osta",), ("category",))
    assert skipped == SkippedItem("it is of the type post", "item 2", "post")


def test_the_date_of_a_post_is_in_gmt_or_local_or_its_pub_date() -> None:
    zeros = post(gmt="0000-00-00 00:00:00")
    without = zeros.replace("wp:post_date>", "wp:x>")
    for part in (zeros, without):
        assert records("wordpress", wxr(part))[0].published == NOON
    undated = without.replace("pubDate>", "y>")
    assert refusals("wordpress", wxr(undated)) == [("item 1", "it has no publication date")]


def test_an_invalid_post_does_not_affect_the_others() -> None:
    found = items(
        "wordpress", wxr(post("", title=" "), post(gmt="9999-99-99 00:00:00"), post(number=3))
    )
    assert [item.where for item in found] == ["item 1", "item 2", "item 3"]
    assert isinstance(found[2], Record)
    untitled = post("", title=" ").replace("īsi", "")
    reason = "it has no title, and no text for one"
    assert refusals("wordpress", wxr(untitled)) == [("item 1", reason)]


def test_a_date_that_cannot_be_read_is_remarked_on_and_the_next_one_is_taken() -> None:
    (record,) = records("wordpress", wxr(post(gmt="2010-02-30 09:00:00")))
    assert record.published == NOON
    assert record.remarks[0].startswith("its wp:post_date_gmt, “2010-02-30 09:00:00”, is not")
    without = post(gmt="2010-02-30 09:00:00").replace("wp:post_date>", "wp:x>")
    (record,) = records("wordpress", wxr(without))
    assert (record.published, len(record.remarks)) == (NOON, 1)
    undated = without.replace("pubDate>", "y>")
    ((_, reason),) = refusals("wordpress", wxr(undated))
    assert reason.startswith("its wp:post_date_gmt, “2010-02-30 09:00:00”, is not")
    odd = "<wp:post_modified_gmt>soon</wp:post_modified_gmt>"
    (record,) = records("wordpress", wxr(post(more=odd)))
    assert record.modified is None
    assert record.remarks[0].startswith("its wp:post_modified_gmt, “soon”, is not")


def test_an_unknown_login_is_the_author_and_a_post_without_links_has_no_id() -> None:
    part = post().replace(">anna<", ">janis<").replace("<link>", "<x>").replace("</link>", "</x>")
    (record,) = records("wordpress", wxr(part.replace("guid", "y")))
    assert (record.authors, record.permanent_id, record.original) == (("janis",), None, None)
    (record,) = records("wordpress", wxr(post().replace(">anna<", "><")))
    assert record.authors == ()


def test_several_authors_come_from_their_taxonomy() -> None:
    both = topic("anna", "author") + topic("<![CDATA[<b>Jānis</b> &amp; Co]]>", "author")
    (record,) = records("wordpress", wxr(post(more=both)))
    assert record.authors == ("Anna Ozola", "Jānis & Co")
    assert record.passed_over == ()


@pytest.mark.parametrize(
    ("guid", "id_"),
    [
        ("  https://a.example.lv/?p=1  ", "https://a.example.lv/?p=1"),
        (
            "https://a.example.lv/?post_type=x&amp;amp;p=1",
            "https://a.example.lv/?post_type=x&amp;p=1",
        ),
        ("12 pie osta", "12 pie osta"),
        ("", None),
    ],
)
def test_the_guid_is_kept_letter_for_letter(guid: str, id_: str | None) -> None:
    (record,) = records("wordpress", wxr(post().replace("https://a.example.lv/?p=1", guid)))
    assert (record.permanent_id, record.remarks) == (id_, ())


@pytest.mark.parametrize("guid", ["x" * 2001, "a\nb", "a\u0085b", "a\u202eb"])
def test_a_guid_that_no_feed_can_carry_is_replaced(guid: str) -> None:
    (record,) = records("wordpress", wxr(post().replace("https://a.example.lv/?p=1", guid)))
    assert record.permanent_id is None
    assert "was replaced" in record.remarks[0]


@pytest.mark.parametrize(
    ("head", "host"),
    [
        ("<link>https://Osta.example/zinas</link>", "osta.example"),
        ("<link/><wp:base_site_url>http://osta.example</wp:base_site_url>", "osta.example"),
        ("<link>:</link>", ""),
        ("", ""),
    ],
)
def test_the_host_is_that_of_the_site(head: str, host: str) -> None:
    assert records("wordpress", wxr(post(), head=head))[0].host == host


def test_the_fallback_is_the_excerpt_or_the_description() -> None:
    (record,) = records("wordpress", wxr(post(body="")))
    assert (record.body, [block.text for block in record.fallback]) == ((), ["<p>īsi</p>"])
    without = (
        post().replace("īsi", "").replace("<description/>", "<description>a\n\nb</description>")
    )
    (record,) = records("wordpress", wxr(without))
    assert [block.text for block in record.fallback] == ["<p>a</p>\n<p>b</p>"]


def numbered(body: str, more: str = "") -> str:
    return post(body, more=f"<wp:post_id>9</wp:post_id>{more}")


THUMBNAIL = (
    "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key>"
    "<wp:meta_value>{}</wp:meta_value></wp:postmeta>"
)


def attachments(document: str) -> tuple[Attachment, ...]:
    (record,) = (item for item in items("wordpress", document) if isinstance(item, Record))
    return record.attachments


@pytest.mark.parametrize("before", [True, False])
def test_files_of_a_post_are_its_attachments_wherever_they_are_in_the_export(before: bool) -> None:
    files = [media(1, "crane.jpg", 9), media(2, "plan.pdf", 9), media(3, "other.pdf", 8)]
    found = [
        numbered("Teksts", THUMBNAIL.format(10)),
        media(10, "a%20b.png", more="<wp:post_mime_type>image/x-png</wp:post_mime_type>"),
    ]
    document = wxr(*files, *found) if before else wxr(*found, *files)
    assert attachments(document) == (
        Attachment("https://a.example.lv/a%20b.png", "image/x-png", None, "a%20b", featured=True),
        Attachment("https://a.example.lv/crane.jpg", "image/jpeg", None, "crane"),
        Attachment("https://a.example.lv/plan.pdf", "application/pdf", None, "plan"),
    )


@pytest.mark.parametrize(
    "body",
    [
        '<img src="https://a.example.lv/crane.jpg">',
        "<img src='http://a.example.lv/crane-300x200.jpg'>",
        '<img src="/crane-scaled.jpg">',
        '<img src="data:," data-src="../../../crane-rotated.jpg">',
        '<img srcset="/x.jpg 300w, /crane-1024x768.jpg 1024w">',
        '[gallery ids="1"]',
        "<img src='/cr%61ne-9x9.jpg?ssl=1'>",
    ],
)
def test_a_picture_in_the_content_is_listed_only_if_it_is_featured(body: str) -> None:
    picture, plan = media(1, "crane.jpg", 9), media(2, "crane.pdf", 9)
    assert [a.url[-3:] for a in attachments(wxr(picture, plan, numbered(body)))] == ["pdf"]
    featured = wxr(picture, plan, numbered(body, THUMBNAIL.format(1)))
    assert [(a.url[-3:], a.featured) for a in attachments(featured)] == [
        ("jpg", True),
        ("pdf", False),
    ]


def test_a_featured_picture_that_is_missing_is_named() -> None:
    (record,) = records("wordpress", wxr(numbered("a", THUMBNAIL.format(77))))
    assert record.attachments == ()
    assert record.remarks == ("its featured picture 77 is not in the export",)
    assert records("wordpress", wxr(numbered("a", THUMBNAIL.format("0"))))[0].remarks == ()


@pytest.mark.parametrize(
    "part",
    [
        media(1, "plan.pdf", 9).replace("https://a", "ftp://a"),
        media(1, "plan.pdf", 9).replace(">attachment<", ">page<"),
        media(1, "x" * 2000, 9),
    ],
)
def test_what_is_no_attachment_of_the_web_is_not_listed(part: str) -> None:
    assert attachments(wxr(part, numbered("a"))) == ()


def test_a_fault_costs_at_most_its_item() -> None:
    mended = post("a & b", number=2).replace("<![CDATA[a & b]]>", "a & b\x02")
    damaged = post("c", number=3).replace("</item>", "")
    attachment = media(1, "plan.pdf", 9).replace("<title>plan", "<title>plan & ")
    found = items("wordpress", wxr(attachment, post(), mended, damaged, numbered("d")))
    record = found[2]
    assert isinstance(record, Record)
    assert "".join(block.text for block in record.body) == "<p>a & b</p>"
    assert dict(record.dropped)["control character"] == 1
    last = found[-1]
    assert isinstance(last, Record)
    assert [file.title for file in last.attachments] == ["plan &"]


def test_an_item_that_cannot_be_mended_is_refused_alone() -> None:
    lost = media(1, "lost.pdf", 9).replace("</title>", "")
    document = wxr(lost, media(2, "plan.pdf", 9), numbered("a"))
    ((where, reason),) = refusals("wordpress", document)
    assert where == "item 1"
    assert reason.endswith("<title> is not closed")
    record = items("wordpress", document)[-1]
    assert isinstance(record, Record)
    assert [file.title for file in record.attachments] == ["plan"]


def test_a_post_lists_its_first_thousand_attachments() -> None:
    found = items("wordpress", wxr(*(media(n, f"{n}.pdf", 9) for n in range(1200)), numbered("a")))
    record = found[-1]
    assert isinstance(record, Record)
    assert [a.url for a in record.attachments] == [
        f"https://a.example.lv/{n}.pdf" for n in range(1000)
    ]
    assert record.remarks == ("only the first 1000 of its attachments were read",)


def test_attachments_of_an_export_in_utf_16_are_found() -> None:
    document = wxr(media(1, "plan.pdf", 9), numbered("a")).replace("UTF-8", "UTF-16")
    found = items("wordpress", document.encode("utf-16"))
    assert isinstance(found[1], Record)
    assert [a.title for a in found[1].attachments] == ["plan"]


def test_attachments_before_an_error_of_the_export_are_found() -> None:
    document = wxr(media(1, "plan.pdf", 9), media(2, "", 9), numbered("a"))
    found = items("wordpress", document.replace("</channel>", "<&></channel>"))
    record = next(item for item in found if isinstance(item, Record))
    assert [a.title for a in record.attachments] == ["plan", None]


@pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/cases, which is missing")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01-wxr-pictures", ["crane-300x200.jpg", "talk.mp3", "gull.jpg", "embed/abc123"]),
        ("21-wxr-table", ["<p>Third paragraph.</p>\n<p>Fourth,<br>\nwith", "<p>After list.</p>"]),
    ],
)
def test_nothing_of_a_shared_case_is_lost(name: str, words: list[str]) -> None:
    data = (CASES / f"{name}.xml").read_bytes()
    found = [item for item in items("wordpress", data) if isinstance(item, Record)]
    text = "\n".join(block.text for record in found for block in record.body)
    assert [word for word in words if word not in text] == []


def test_an_export_is_not_recognised_as_a_feed() -> None:
    assert detect("x.xml", wxr().encode()) is SOURCE
    assert detect("x.xml", rss().encode()) is not SOURCE


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=20))
@pytest.mark.slow
def test_no_post_causes_an_unexpected_error(body: str, title: str, date: str) -> None:
    for item in items(
        "wordpress", wxr(post(body, title=title, gmt=date)).encode("utf-8", "replace")
    ):
        assert isinstance(item, Record) or item.reason
