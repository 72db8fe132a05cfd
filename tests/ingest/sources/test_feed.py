from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.identity import slug
from feeds.ingest.sources import Record, RefusedItem, Richness, SkippedItem, detect
from feeds.ingest.sources.feed import SOURCE
from feeds.text.html import Heading, Html, text_html
from tests.ingest.sources.samples import (
    NOON,
    atom,
    entry,
    item,
    items,
    json_feed,
    records,
    refusals,
    rss,
)

BASED = 'xml:base="https://o.example.lv/b/"'


def test_a_blank_link_is_not_an_id() -> None:
    blank = (item(f"<link>{space}</link>") for space in (" ", "\n"))
    found = records("feed", rss(*blank, head="<link>https://site.example/</link>"))
    assert [(each.permanent_id, each.original) for each in found] == [(None, None)] * 2
    (record,) = records("feed", atom(entry('<link href=" "/>', id_=""), attributes=BASED))
    assert record.original is None


def test_a_base_within_content_applies_to_it() -> None:
    content = (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml" xml:base="y/">'
        '<a href="q">A</a></div></content>'
    )
    (record,) = records("feed", atom(entry(content), attributes=BASED))
    assert 'href="https://o.example.lv/b/y/q"' in html(record)


def html(record: Record) -> str:
    return text_html(record.body)


def test_all_fields_of_an_atom_entry_are_read() -> None:
    (record,) = records(
        "feed",
        atom(
            entry(
                '<link href="feed.atom" rel="self"/><link href="p.pdf" type="application/pdf"/>'
                '<link href="../a/1"/>'
                "<published>2009-01-02T03:04:05.678Z</published>"
                '<category term="k" label="Kultūra"/><category term="sports"/><category/>'
                "<author><name>Anna</name></author><author><name>Jānis</name></author>"
                '<content type="html">&lt;p&gt;A &lt;a href="x"&gt;b&lt;/a&gt;</content>'
            ),
            attributes='xml:base="https://o.example.lv/b/" xml:lang="lv"',
        ),
    )
    assert record == Record(
        title="Tilts",
        published=datetime(2009, 1, 2, 3, 4, 5, tzinfo=UTC),
        labels=("Kultūra", "sports"),
        body=(Html('<p>A <a href="x">b</a>', "https://o.example.lv/b/"),),
        richness=Richness.CONTENT,
        authors=("Anna", "Jānis"),
        language="lv",
        modified=NOON,
        permanent_id="urn:x:1",
        original="https://o.example.lv/a/1",
        address_is_id=True,
        may_recur=True,
        where="entry 1",
    )
    assert html(record) == '<p>A <a href="https://o.example.lv/b/x">b</a></p>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<content>A &lt;b&gt;\n\nC</content>", "<p>A &lt;b&gt;</p>\n<p>C</p>"),
        (
            (
                '<content type="xhtml"><d:div xmlns:d="http://www.w3.org/1999/xhtml"><d:p>A'
                "<d:br/>B</d:p></d:div></content>"
            ),
            "<p>A<br>B</p>",
        ),
        ('<content src="http://a.lv/x"/><summary>S</summary>', "<p>S</p>"),
        ('<content type="image/png">AAAA</content><summary type="html">S</summary>', "<p>S</p>"),
        ("", ""),
    ],
)
def test_content_is_read_by_its_type_or_else_the_summary_is(content: str, expected: str) -> None:
    assert html(records("feed", atom(entry(content)))[0]) == expected


def test_a_title_of_any_type_becomes_plain_text() -> None:
    for title in (
        "<title>A &amp; B</title>",
        '<title type="html">A &amp;amp; &lt;b&gt;B&lt;/b&gt;</title>',
        '<title type="xhtml"><p xmlns="http://www.w3.org/1999/xhtml">A &amp; <b>B</b></p></title>',
    ):
        assert records("feed", atom(entry(title=title)))[0].title == "A & B"
    assert refusals("feed", atom(entry(title=""))) == [
        ("entry 1", "it has no title, and no text for one")
    ]


def test_an_entry_without_a_valid_date_is_refused_and_the_others_are_read() -> None:
    wrong = entry(updated="<updated>2010-02-30T00:00:00Z</updated>")
    found = items("feed", atom(entry(updated=""), wrong, entry()))
    assert found[0] == RefusedItem("it has no date: neither published nor updated", "entry 1")
    assert isinstance(found[1], RefusedItem)
    assert found[1].reason == (
        "its updated, “2010-02-30T00:00:00Z”, is not an instant like 2007-11-27T00:55:22+02:00"
        " or Tue, 27 Nov 2007 00:55:22 +0200"
    )
    assert isinstance(found[2], Record)


def test_all_fields_of_an_rss_item_are_read() -> None:
    (record,) = records(
        "feed",
        rss(
            item(
                "<link>https://o.example.lv/a/1</link><guid>https://o.example.lv/?p=1</guid>"
                "<category>Kultūra</category><dc:subject>Sports</dc:subject>"
                "<author>anna@a.lv (Anna)</author><description>Īsi</description>"
                "<content:encoded><![CDATA[<p>Gari <a href='/x'>x</a>]]></content:encoded>"
            ),
            head="<link>https://o.example.lv/</link><language>lv</language>",
        ),
    )
    assert record == Record(
        title="Tilts",
        published=NOON,
        labels=("Kultūra", "Sports"),
        body=(Html("<p>Gari <a href='/x'>x</a>", "https://o.example.lv/a/1"),),
        fallback=(Html("Īsi", "https://o.example.lv/a/1"),),
        richness=Richness.CONTENT,
        authors=("Anna",),
        language="lv",
        permanent_id="https://o.example.lv/?p=1",
        host="o.example.lv",
        original="https://o.example.lv/a/1",
        address_is_id=True,
        may_recur=True,
        where="item 1",
        dropped=(("description element", 1),),
    )


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ("<guid>https://a.lv/1</guid>", ("https://a.lv/1", "https://a.lv/1")),
        ('<guid isPermaLink="false">https://a.lv/1</guid>', ("https://a.lv/1", None)),
        ('<guid isPermaLink="false"> 19  at https://a.lv\n</guid>', ("19  at https://a.lv", None)),
        ("<link>/p</link>", (None, "https://a.lv/p")),
        ("", (None, None)),
        ("<guid>javascript:alert(1)</guid>", ("javascript:alert(1)", None)),
    ],
)
def test_an_id_is_kept_letter_for_letter(more: str, ids: tuple[str | None, ...]) -> None:
    (record,) = records("feed", rss(item(more), head="<link>https://a.lv/</link>"))
    assert (record.permanent_id, record.original) == ids
    assert (record.host, record.address_is_id) == ("a.lv", True)


def test_an_invalid_address_is_ignored() -> None:
    (record,) = records(
        "feed", atom(entry('<link href="http://["/>'), attributes='xml:base="http://a.lv/"')
    )
    assert record.original is None


def test_a_document_that_does_not_begin_like_a_feed_is_not_read_to_its_end() -> None:
    assert refusals("feed", "<urlset>" + "<a/>" * 400_000) == [
        ("", "it is not a document of its kind")
    ]
    assert refusals("feed", "<!-- a -->" * 200_000) == [
        ("", "it does not begin like a document of its kind")
    ]


def test_an_entity_of_an_external_dtd_is_taken_for_htmls() -> None:
    text = rss(item()).replace("?>", '?><!DOCTYPE rss SYSTEM "http://a.lv/rss.dtd">')
    assert records("feed", text.replace("Tilts", "A&nbsp;&amp;&eacute;B"))[0].title == "A\xa0&éB"


@pytest.mark.parametrize(
    ("id_", "remark"),
    [
        ("urn:" + "x" * 2000, "its id is longer than 2000 bytes and was replaced"),
        ("a\nb", "its id contains control characters and was replaced"),
    ],
)
def test_an_id_that_cannot_be_kept_is_remarked_on(id_: str, remark: str) -> None:
    for data in (
        atom(entry(id_=id_)),
        rss(item(f"<guid>{id_}</guid>")),
        json_feed({"id": id_, "title": "T", "date_published": "2010-05-04"}),
    ):
        (record,) = records("feed", data)
        assert record.permanent_id is None
        assert record.remarks[0] == remark


def test_rss_1_is_read() -> None:
    (record,) = records(
        "feed",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://a.lv/"><link>https://a.lv/</link></channel>'
        '<item rdf:about="https://a.lv/1"><title>Tilts</title><link>https://a.lv/1</link>'
        "<dc:date>2010-05-04T12:00:00+03:00</dc:date><description>X</description></item></rdf:RDF>",
    )
    assert (record.published, record.permanent_id) == (NOON, "https://a.lv/1")


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("", "it has no date: neither pubDate nor dc:date"),
        ("drīz", "its pubDate, “drīz”, is not an instant like 2007-11-27T00:55:22+02:00 or "),
        ("Fri, 31 Dec 9999 23:59:59 -1200", "is not an instant"),
        ("Mon, 01 Jan 0000 00:00:00 GMT", None),
    ],
)
def test_an_invalid_date_of_rss_is_refused(date: str, reason: str | None) -> None:
    found = refusals("feed", rss(item(date=date)))
    assert (reason or "") in (found[0][1] if found else "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{", "it is not JSON"),
        ("[" * 100_000, "it does not begin"),
        ('{"items": {}}', "it is not a JSON Feed: it has no list of items"),
        ('{"items": ["\\ud800"]}', "it is not a JSON object"),
        (b'{"items": "\xff"}', "it is not a JSON Feed: it has no list of items"),
        (json_feed({"id": [], "title": "T"}), "its id is not a string"),
        (json_feed({"title": "T"}), "it has no date: neither date_published nor date_modified"),
        (
            json_feed({"title": "\ud800", "date_modified": "2010"}),
            "it has no title, and no text for one",
        ),
        (b'{"items": [' + b" " * 16 * 1024 * 1024, "it is larger than 16 MiB: split it"),
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("<rss", "it does not begin like a document of its kind"),
        ("<html/>", "it is not a document of its kind"),
    ],
)
def test_an_input_that_is_not_a_feed_is_refused_with_the_reason(
    data: str | bytes, reason: str
) -> None:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    ((_, found),) = refusals("feed", raw)
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("head", "whether"),
    [
        (atom(), True),
        ("<!-- <a> --><?x?>\n<!DOCTYPE rss><rss", True),
        (atom().replace("?>", " encoding='utf-16'?>").encode("utf-16"), True),
        ('\ufeff {"version": "https://jsonfeed.org/version/1"}', True),
        ('{"items": [', True),
        ('{"title": "T"}', False),
        ("<urlset>", False),
        ("<", False),
        ("Publicēts", False),
    ],
)
def test_a_feed_is_recognised_by_its_beginning(head: str | bytes, whether: bool) -> None:
    raw = head.encode() if isinstance(head, str) else head
    assert (detect("x", raw) is SOURCE) is whether


TEXTS = st.text(max_size=40)


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(["text", "html", "xhtml"]))
def test_no_xml_causes_an_unexpected_error(a: str, b: str, c: str, kind: str) -> None:
    content = f'<content type="{kind}" xml:base="{a}">{b}</content><link href="{c}"/>'
    more = f"<link>{a}</link><guid>{b}</guid><description>{c}</description>"
    for data in (atom(entry(content, id_=c)), rss(item(more, date=a)), rss(item(more))):
        for found in items("feed", data.encode("utf-8", "replace")):
            assert isinstance(found, Record) or found.reason


@given(st.binary(max_size=200))
def test_no_bytes_cause_an_unexpected_error(data: bytes) -> None:
    for prefix in (b"", b"<rss><channel><item>", b"{"):
        assert all(
            isinstance(found, RefusedItem) and found.reason
            for found in items("feed", prefix + data)
        )


def test_headings_in_a_feed_are_part_of_its_html() -> None:
    (record,) = records("feed", rss(item("<description>&lt;h1&gt;A&lt;/h1&gt;</description>")))
    assert html(record) == "<h2>A</h2>"
    assert not any(isinstance(block, Heading) for block in record.body)


ATOM_03 = (
    'version="0.3" xmlns="http://purl.org/atom/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('<content type="text/html" mode="escaped">&lt;p&gt;A&lt;/p&gt;</content>', "<p>A</p>"),
        ('<content type="text/html" mode="base64">PHA+QTwvcD4=</content>', "<p>A</p>"),
        ('<content type="text/html" mode="base64">A</content><summary>S</summary>', "<p>S</p>"),
        (
            (
                '<content type="application/xhtml+xml" mode="xml">'
                '<div xmlns="http://www.w3.org/1999/xhtml"><p>A</p></div></content>'
            ),
            "<p>A</p>",
        ),
        ("<content>A &amp; B</content>", "<p>A &amp; B</p>"),
        ('<content type="image/png" mode="base64">QQ==</content><summary>S</summary>', "<p>S</p>"),
    ],
)
def test_atom_0_3_is_read(content: str, expected: str) -> None:
    (record,) = records(
        "feed",
        f'<feed {ATOM_03}><title>C</title><link rel="alternate" href="https://a.lv/"/>'
        '<tagline>T</tagline><entry><title mode="escaped" type="text/html">A &amp;lt; B</title>'
        '<link rel="alternate" type="text/html" href="https://a.lv/1"/><id>tag:a.lv,2003:1</id>'
        "<issued>2003-12-13T08:29:29-04:00</issued><modified>2003-12-13T18:30:02Z</modified>"
        f"<author><name>Anna</name></author><dc:subject>K</dc:subject>{content}</entry></feed>",
    )
    assert (record.title, record.permanent_id) == ("A < B", "tag:a.lv,2003:1")
    assert record.published == datetime(2003, 12, 13, 12, 29, 29, tzinfo=UTC)
    assert record.modified == datetime(2003, 12, 13, 18, 30, 2, tzinfo=UTC)
    assert (record.authors, record.labels, record.host) == (("Anna",), ("K",), "a.lv")
    assert html(record) == expected


@pytest.mark.parametrize("kind", ["xhtml", "application/xhtml+xml", "application/xhtml+xml; a=b"])
def test_xhtml_content_has_several_types(kind: str) -> None:
    content = (
        f'<content type="{kind}"><div xmlns="http://www.w3.org/1999/xhtml"><p>A</p></div></content>'
    )
    (record,) = records("feed", atom(entry(f"{content}<summary>S</summary>")))
    assert (html(record), text_html(record.fallback)) == ("<p>A</p>", "<p>S</p>")
    assert record.richness is Richness.CONTENT


def test_xml_of_another_type_is_not_content() -> None:
    content = '<content type="image/svg+xml"><svg xmlns="x">A</svg></content><summary>S</summary>'
    (record,) = records("feed", atom(entry(content)))
    assert (html(record), record.richness) == ("<p>S</p>", Richness.SUMMARY)


@pytest.mark.parametrize(
    ("more", "expected", "richness"),
    [
        ("<description>S</description>", "<p>S</p>", Richness.SUMMARY),
        (
            "<description> </description><content:encoded>C</content:encoded>",
            "<p>C</p>",
            Richness.CONTENT,
        ),
        (
            '<description>S</description><body xmlns="http://www.w3.org/1999/xhtml"><p>C</p></body>',
            "<p>C</p>",
            Richness.CONTENT,
        ),
        (
            '<media:description xmlns:media="http://search.yahoo.com/mrss/">M</media:description>',
            "<p>M</p>",
            Richness.SUMMARY,
        ),
        ("<description>A\nB &amp;amp; C\n\nD &lt;5</description>",
         "<p>A<br>\nB &amp; C</p>\n<p>D &lt;5</p>", Richness.SUMMARY),
    ],
)  # fmt: skip
def test_the_body_of_an_rss_item_is_the_richest(
    more: str, expected: str, richness: Richness
) -> None:
    (record,) = records("feed", rss(item(more)))
    assert (html(record), record.richness) == (expected, richness)


BLOGGER = 'xmlns:b="http://schemas.google.com/blogger/2018"'


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        *(
            (f"<category scheme='http://schemas.google.com/g/2005#kind' term='x#{kind}'/>", reason)
            for kind, reason in {
                "template": "it is a template",
                "settings": "it is a setting",
                "comment": "it is a comment",
                "page": "it is a page",
            }.items()
        ),
        ("<reply xmlns='http://purl.org/syndication/thread/1.0'/>", None),
        (
            "<in-reply-to xmlns='http://purl.org/syndication/thread/1.0' ref='x'/>",
            "it is a comment",
        ),
        (
            "<control xmlns='http://www.w3.org/2007/app'><draft>yes</draft></control>",
            "it is a draft",
        ),
        (
            "<control xmlns='http://purl.org/atom/app#'><draft>Yes</draft></control>",
            "it is a draft",
        ),
        ("<control xmlns='http://purl.org/atom/app#'><draft>no</draft></control>", None),
        (f"<b:type {BLOGGER}>PAGE</b:type>", "it is a page"),
        (f"<b:status {BLOGGER}>DRAFT</b:status>", "it is a draft"),
        (f"<b:type {BLOGGER}>POST</b:type><b:status {BLOGGER}>LIVE</b:status>", None),
    ],
)
def test_what_is_not_a_published_entry_is_skipped_with_the_reason(
    more: str, reason: str | None
) -> None:
    for document, where in ((atom(entry(more)), "entry 1"), (rss(item(more)), "item 1")):
        (found,) = items("feed", document)
        if reason is None:
            assert isinstance(found, Record)
            assert found.labels == ()
        else:
            assert found == SkippedItem(reason, where)


def test_what_an_entry_is_does_not_become_a_category() -> None:
    kind = "<category scheme='http://schemas.google.com/g/2005#kind' term='x#post'/>"
    topic = (
        "<category scheme='http://www.blogger.com/atom/ns#' term='Chess &amp;amp; &lt;b&gt;go'/>"
    )
    (record,) = records("feed", atom(entry(kind + topic)))
    assert record.labels == ("Chess & go",)


@pytest.mark.parametrize(
    ("stated", "authors"),
    [
        ("<dc:creator>B</dc:creator><dc:creator>A</dc:creator><author>C</author>", ("B", "A")),
        ("<author>press@p.example</author>", ("press@p.example",)),
        ("<author>d@p.example (Dee D.)</author>", ("Dee D.",)),
        ("<author>Dee D. &lt;d@p.example&gt;</author>", ("Dee D.",)),
        ('<author>"Dee D." &lt;d@p.example&gt;</author>', ("Dee D.",)),
        ("<dc:creator>&lt;a href='x'&gt;Ann&lt;/a&gt;, Ben &amp;amp; Co</dc:creator>",
         ("Ann, Ben & Co",)),
        ("<itunes:author xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>I</itunes:author>",
         ("I",)),
        ("<dc:creator/>", ()),
    ],
)  # fmt: skip
def test_the_authors_of_an_item_are_names_in_their_order(
    stated: str, authors: tuple[str, ...]
) -> None:
    assert records("feed", rss(item(stated)))[0].authors == authors


def test_an_author_without_a_name_has_an_e_mail_address() -> None:
    author = "<author><name/><email>a@a.lv</email></author>"
    (record,) = records("feed", atom(entry(author)))
    assert record.authors == ("a@a.lv",)
    creator = '<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">A</dc:creator>'
    assert records("feed", atom(entry(creator)))[0].authors == ("A",)


def test_a_no_break_space_in_a_title_stays_and_moves_no_slug() -> None:
    (record,) = records("feed", rss(item().replace("Tilts", " 5\xa0000\n eiro\xa0")))
    assert record.title == "5\xa0000 eiro"
    for title in ("5\xa0000 eiro", "я\u2009漢\xa0字", "garš\xa0vārds " * 20):
        assert slug(title.strip()) == slug(" ".join(title.split()))


@pytest.mark.parametrize(
    ("head", "host"),
    [
        ("<link>http://WWW.a.lv/x</link>", "www.a.lv"),
        ('<link/><l:link xmlns:l="http://www.w3.org/2005/Atom" href="https://b.lv/f"/>', "b.lv"),
        ("<link>x</link>", ""),
    ],
)
def test_the_host_is_that_of_the_channel(head: str, host: str) -> None:
    assert records("feed", rss(item(), head=head))[0].host == host


@pytest.mark.parametrize(
    ("head", "host"),
    [
        ('<link rel="self" href="https://f.lv/f"/><link href="https://a.lv/"/>', "a.lv"),
        ('<link rel="self" href="https://f.lv/f"/>', "f.lv"),
        ("<id>http://i.lv/</id>", "i.lv"),
        ("<id>urn:x:1</id>", ""),
    ],
)
def test_the_host_is_that_of_the_feed(head: str, host: str) -> None:
    assert records("feed", atom(entry(), head=head))[0].host == host


def test_items_without_an_id_that_share_an_address_are_marked() -> None:
    links = ["https://a.lv/?utm_medium=rss&fbclid=1", "http://www.a.lv#x", "https://a.lv/1"]
    texts = [item(f"<link>{link}</link>") for link in links]
    texts.append(item("<link>https://a.lv/1</link><guid>1</guid>"))
    for data in (rss(*texts), rss(*texts)[:-30]):
        found = [each for each in items("feed", data) if isinstance(each, Record)]
        assert [each.address_is_shared for each in found[:3]] == [True, True, False]


def test_the_dates_of_dublin_core_and_atom_stand_in_for_those_of_rss() -> None:
    terms = 'xmlns:t="http://purl.org/dc/terms/" xmlns:a="http://www.w3.org/2005/Atom"'
    stated = "<t:issued>2010-05-04T09:00:00Z</t:issued><a:updated>2011-05-04</a:updated>"
    (record,) = records("feed", rss(item(stated, date="")).replace("<rss", f"<rss {terms}"))
    assert record.published == NOON
    assert record.modified == datetime(2011, 5, 3, 21, tzinfo=UTC)
    assert record.remarks == ("its atom:updated, “2011-05-04”, has no time: midnight was taken",)
    only = "<t:modified>2010-05-04T09:00:00Z</t:modified>"
    (record,) = records("feed", rss(item(only, date="")).replace("<rss", f"<rss {terms}"))
    assert record.published == record.modified == NOON


MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def test_a_description_in_a_media_group_is_the_summary_of_an_entry() -> None:
    """YouTube has no other words about a film, and writes them as plain text."""
    group = "<media:group><media:description>A &lt;3\n\nB</media:description></media:group>"
    (record,) = records("feed", atom(entry(group), attributes=MEDIA))
    assert (html(record), record.richness) == ("<p>A &lt;3</p>\n<p>B</p>", Richness.SUMMARY)
    (record,) = records("feed", atom(entry(f"<summary>S</summary>{group}"), attributes=MEDIA))
    assert html(record) == "<p>S</p>"


def test_a_media_description_may_be_html_and_one_without_words_is_passed_over() -> None:
    empty = "<media:description> </media:description>"
    stated = '<media:description type="html">A &lt;b&gt;B&lt;/b&gt;</media:description>'
    (record,) = records("feed", atom(entry(empty + stated), attributes=MEDIA))
    assert html(record) == "A <b>B</b>"


def test_content_of_a_type_that_cannot_be_shown_is_remarked_on() -> None:
    content = '<content type="application/pdf">SGk=</content><summary>S</summary>'
    (record,) = records("feed", atom(entry(content)))
    assert record.remarks == ("its content of the type application/pdf was dropped",)
    (record,) = records("feed", atom(entry('<content type="application/pdf" src="http://p.lv/"/>')))
    assert record.remarks == ()


def test_of_alternatives_in_atom_0_3_html_is_read() -> None:
    (record,) = records(
        "feed",
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>urn:x:1</id>'
        "<title>T</title><issued>2010-05-04T12:00:00Z</issued>"
        '<content type="multipart/alternative"><content type="text/plain">A</content>'
        '<content type="text/html" mode="escaped">&lt;p>B&lt;/p></content></content>'
        "</entry></feed>",
    )
    assert (html(record), record.remarks) == ("<p>B</p>", ())


def test_the_address_behind_a_redirecting_service_is_the_original_address() -> None:
    burnt = (
        "<link>https://proxy.example/~r/1</link>"
        '<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">'
        "https://o.example/1</f:origLink>"
    )
    (record,) = records("feed", rss(item(f'{burnt}<guid isPermaLink="false">7</guid>')))
    assert (record.permanent_id, record.original) == ("7", "https://o.example/1")
    (record,) = records("feed", rss(item(burnt)))
    assert record.original == "https://proxy.example/~r/1"


def test_link_and_author_of_an_item_may_be_those_of_atom() -> None:
    atoms = (
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="self" href="https://o.example/0"/>'
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" href="https://o.example/1"/>'
        '<a:author xmlns:a="http://www.w3.org/2005/Atom"><a:name>A B</a:name></a:author>'
    )
    (record,) = records("feed", rss(item(atoms)))
    assert (record.original, record.authors) == ("https://o.example/1", ("A B",))


def test_words_that_only_google_play_reads_are_not_lost() -> None:
    play = 'xmlns:g="http://www.google.com/schemas/play-podcasts/1.0"'
    stated = f"<g:description {play}>A</g:description><g:author {play}>B</g:author>"
    (record,) = records("feed", rss(item(stated)))
    assert (html(record), record.authors) == ("<p>A</p>", ("B",))
