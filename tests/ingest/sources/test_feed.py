from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.ingest.sources import Record, RefusedItem, detect
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
    assert [(each.original_id, each.original) for each in found] == [(None, None)] * 2
    (record,) = records("feed", atom(entry('<link href=" "/>', id_=""), attributes=BASED))
    assert record.original is None


def test_a_base_within_content_applies_to_it() -> None:
    content = (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml" xml:base="y/">'
        '<a href="q">A</a></div></content>'
    )
    (record,) = records("feed", atom(entry(content), attributes=BASED))
    assert 'href="https://o.example.lv/b/y/q"' in html(record)


def test_an_undeclared_entity_is_named_with_its_line() -> None:
    (reason,) = (
        each
        for _, each in refusals("feed", rss("\n" + item("<description>A&nbsp;b</description>")))
    )
    assert reason == "it is not well-formed XML from here on: Entity 'nbsp' not defined, line 2"
    odd = rss('<q xmlns="{}"/>' + item() + "<item></x>")
    assert any("Opening and ending tag mismatch" in each for _, each in refusals("feed", odd))


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
        author="Anna, Jānis",
        language="lv",
        modified=NOON,
        original_id="urn:x:1",
        original="https://o.example.lv/a/1",
        entry_id="urn:x:1",
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
        ('<content type="image/png">AAAA</content><summary type="html">S</summary>', "S"),
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
    assert refusals("feed", atom(entry(title=""))) == [("entry 1", "it has no title")]


def test_an_entry_without_a_valid_date_is_refused_and_the_others_are_read() -> None:
    wrong = entry(updated="<updated>2010-02-30T00:00:00Z</updated>")
    found = items("feed", atom(entry(updated=""), wrong, entry()))
    assert found[0] == RefusedItem("it has no date: neither published nor updated", "entry 1")
    assert isinstance(found[1], RefusedItem)
    assert found[1].reason == (
        "its published, “2010-02-30T00:00:00Z”, is not an instant like 2007-11-27T00:55:22+02:00"
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
        author="Anna",
        language="lv",
        original_id="https://o.example.lv/?p=1",
        original="https://o.example.lv/a/1",
        entry_id="https://o.example.lv/?p=1",
        may_recur=True,
        where="item 1",
    )


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ("<guid>https://a.lv/1</guid>", ("https://a.lv/1", "https://a.lv/1", "https://a.lv/1")),
        (
            '<guid isPermaLink="false">https://a.lv/1</guid>',
            ("https://a.lv/1", "https://a.lv/1", None),
        ),
        ('<guid isPermaLink="false">17</guid>', ("17", None, None)),
        ("<link>/p</link>", ("https://a.lv/p", "https://a.lv/p", "https://a.lv/p")),
        ("", (None, None, None)),
        ("<guid>javascript:alert(1)</guid>", ("javascript:alert(1)", None, None)),
    ],
)
def test_an_id_becomes_the_entry_id_if_it_is_a_uri(more: str, ids: tuple[str | None, ...]) -> None:
    (record,) = records("feed", rss(item(more), head="<link>https://a.lv/</link>"))
    assert (record.original_id, record.entry_id, record.original) == ids


def test_an_invalid_address_is_ignored() -> None:
    (record,) = records(
        "feed", atom(entry('<link href="http://["/>'), attributes='xml:base="http://a.lv/"')
    )
    assert record.original is None


def test_a_document_that_does_not_begin_like_a_feed_is_not_read_to_its_end() -> None:
    assert refusals("feed", "<urlset>" + "<a/>" * 400_000) == [
        ("", "it does not begin like a document of its kind")
    ]


def test_an_entity_of_an_external_dtd_is_taken_for_htmls() -> None:
    text = rss(item()).replace("?>", '?><!DOCTYPE rss SYSTEM "http://a.lv/rss.dtd">')
    assert records("feed", text.replace("Tilts", "A&nbsp;&amp;&eacute;B"))[0].title == "A &éB"


def test_an_id_that_is_too_long_is_refused() -> None:
    found = refusals("feed", atom(entry(id_="urn:" + "x" * 2000)))
    assert found == [("entry 1", "its id is longer than 2000 bytes")]


def test_rss_1_is_read() -> None:
    (record,) = records(
        "feed",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://a.lv/"><link>https://a.lv/</link></channel>'
        '<item rdf:about="https://a.lv/1"><title>Tilts</title><link>https://a.lv/1</link>'
        "<dc:date>2010-05-04T12:00:00+03:00</dc:date><description>X</description></item></rdf:RDF>",
    )
    assert (record.published, record.entry_id) == (NOON, "https://a.lv/1")


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("", "it has no date: neither pubDate nor dc:date"),
        ("drīz", "its pubDate, “drīz”, is not an instant like Tue, 27 Nov 2007 00:55:22 +0200"),
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
        ("[" * 100_000, "it is not"),
        ('{"items": {}}', "it is not a JSON Feed: it has no list of items"),
        ('{"items": ["\\ud800"]}', "it is not a JSON object"),
        (b'{"items": "\xff"}', "it is not UTF-8"),
        (json_feed({"id": [], "title": "T"}), "its id is not a string"),
        (json_feed({"title": "T"}), "it has no date: neither date_published nor date_modified"),
        (json_feed({"title": "\ud800"}), "it has no title"),
        (b'{"items": [' + b" " * 16 * 1024 * 1024, "it is larger than 16 MiB: split it"),
        ("", "it is not well-formed XML"),
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
