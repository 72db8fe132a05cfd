"""What a release does not have of an item is counted by its kind; nothing goes without a word."""

import html
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.ingest.report import Outcome, Report, Result
from feeds.ingest.sources import Record
from tests.ingest.sources.samples import (
    atom,
    entry,
    item,
    items,
    json_feed,
    media,
    meta,
    post,
    records,
    rss,
    wxr,
)

ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
BODY = "<content:encoded>Tilts savieno abus krastus. &lt;img src='/a.jpg'&gt;</content:encoded>"


def of_rss(more: str) -> Record:
    (record,) = records("feed", rss(item(f"<link>https://a.lv/1</link>{more}")))
    return record


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        (f"{BODY}<description>Tilts &lt;b&gt;savieno&lt;/b&gt;</description>", {}),
        (f"{BODY}<description>Tilts savie… &lt;a href='/1'&gt;Lasīt&lt;/a&gt;</description>", {}),
        (f"{BODY}<description>Tilts [...] Vairāk</description>", {"description element": 1}),
        (f"{BODY}<description>Atklāts</description>", {"description element": 1}),
        (
            f"{BODY}<description>Tilts &lt;img src='/b.jpg'&gt;</description>",
            {"description element": 1},
        ),
        ("<content:encoded>&lt;br&gt;</content:encoded><description>Tilts</description>", {}),
        (
            ("<content:encoded>&lt;img src='/a.jpg'&gt;</content:encoded><description>Upe"
            "</description>"),
            {"description element": 1},
        ),
        (f"<description>a</description><itunes:summary {ITUNES}>b</itunes:summary>",
         {"itunes:summary element": 1}),
        (f"<description>a</description><itunes:subtitle {ITUNES}>a</itunes:subtitle>", {}),
        (
            f"<g xmlns='urn:x'>B</g><itunes:duration {ITUNES}>12:30</itunes:duration><e/>",
            {"g element": 1, "itunes:duration element": 1},
        ),
        ("<source url='https://b.lv/'>Tilts</source>", {"source element": 1}),
        ("<x:y xmlns:x='urn:x' href='https://b.lv/'/>", {"x:y element": 1}),
        (
            ("<s:comments xmlns:s='http://purl.org/rss/1.0/modules/slash/'>3</s:comments>"
            "<comments>https://a.lv/1#c</comments>"),
            {},
        ),
        (
            ("<p:day xmlns:p='urn:uuid:65542ac4-bc2f-4814-ad69-8fa9ccbc716a'>2010. gada 4. maijs"
            "</p:day>"),
            {},
        ),
        ("<author>a@b.lv (Anna)</author><dc:creator>Anna</dc:creator>", {}),
        ("<author>a@b.lv (Anna)</author><dc:creator>Juris</dc:creator>", {"author": 1}),
        (
            ("<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='related' href='/b'/>"
            "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='self' href='/c'/>"),
            {"related link": 1},
        ),
        (
            (f"<media:group {MEDIA}><media:content url='https://a.lv/a.mp4'><media:title>Filma"
            "</media:title></media:content><media:text>Teksts</media:text><media:credit>Juris"
            "</media:credit></media:group>"),
            {"media:text element": 1, "media:credit element": 1},
        ),
    ],
)  # fmt: skip
def test_what_an_rss_item_has_beside_its_release_is_counted(
    more: str, dropped: dict[str, int]
) -> None:
    assert dict(of_rss(more).dropped) == dropped


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        ("<summary>a</summary><content>a b</content>", {}),
        ("<summary>c</summary><content>a b</content>", {"summary element": 1}),
        (
            (
                "<contributor><name>Juris</name></contributor><rights>CC0</rights>"
                "<source><title>Cits</title></source>"
            ),
            {"contributor element": 1, "rights element": 1, "source element": 1},
        ),
        (
            (
                '<link rel="via" href="/v"/><link rel="related" href="/r"/><link rel="replies" '
                'href="/c"/><link rel="http://a.lv/rel" href="/d"/><link rel="edit" href="/e"/>'
            ),
            {"via link": 1, "related link": 1},
        ),
        (
            (
                '<summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">c</div></summary>'
                '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a</div></content>'
            ),
            {"summary element": 1},
        ),
    ],
)
def test_what_an_atom_entry_has_beside_its_release_is_counted(
    more: str, dropped: dict[str, int]
) -> None:
    (record,) = records("feed", atom(entry(more)))
    assert dict(record.dropped) == dropped


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        ({"content_text": "A b", "summary": "A…"}, {}),
        ({"content_html": "<p>A</p>", "content_text": "A"}, {}),
        ({"content_html": "<p>A</p>", "content_text": "B"}, {"content_text field": 1}),
        ({"content_text": "A", "summary": "C"}, {"summary field": 1}),
        ({"_x": {"a": 1}, "_y": {}, "subtitle": "B", "pinned": False}, {
            "_x field": 1, "subtitle field": 1,
        }),
        ({"external_url": "https://b.lv/", "banner_image": "https://b.lv/b.jpg"}, {}),
    ],
)  # fmt: skip
def test_what_an_item_of_json_feed_has_beside_its_release_is_counted(
    more: dict[str, Any], dropped: dict[str, int]
) -> None:
    dated = {"title": "T", "date_published": "2010-05-04T12:00:00+03:00"}
    (record,) = records("feed", json_feed(dated | more))
    assert dict(record.dropped) == dropped


def test_the_recordings_of_a_post_are_attachments() -> None:
    fields = (
        meta("enclosure", "https://a.example.lv/1.mp3\n48213\naudio/mpeg\na:0:{}")
        + meta("enclosure", "https://a.example.lv/2.ogg\n\n")
        + meta("enclosure", "javascript:x")
        + meta("enclosure", "")
    )
    of_post = f"<wp:post_id>1</wp:post_id>{fields}"
    found = items("wordpress", wxr(post(more=of_post), media(7, "1.mp3", 1)))
    assert isinstance(record := found[0], Record)
    assert [
        (file.url[-5:], file.media_type, file.length, file.title) for file in record.attachments
    ] == [("1.mp3", "audio/mpeg", 48213, "1"), ("2.ogg", "audio/ogg", None, None)]
    assert dict(record.dropped)["attachment"] == 1


def test_fields_of_other_programs_are_counted() -> None:
    fields = (
        meta("subtitle", "Cits virsraksts") + meta("_edit_last", "1") + meta("place", "Tilts")
        + meta("empty", " ")
    )  # fmt: skip
    more = f"{fields}<dc:rights>CC0</dc:rights>"
    (record,) = records("wordpress", wxr(post(more=more).replace("īsi", "Tilts savieno")))
    assert dict(record.dropped) == {"custom field": 1, "dc:rights element": 1}


@pytest.mark.parametrize(
    ("source", "document"),
    [
        ("feed", rss(item("<description>{}</description>").replace("<title>Tilts</title>", ""))),
        ("feed", atom(entry("<content type='html'>{}</content>", title="<title/>"))),
        (
            "feed",
            json_feed({"content_html": "[]", "date_published": "2010-05-04"}).replace("[]", "{}"),
        ),
        ("wordpress", wxr(post("{}", title=""))),
    ],
)
def test_the_first_words_stand_for_a_title(source: str, document: str) -> None:
    long = "Tilts savieno abus krastus, " * 4
    for body, title in (
        ("&lt;b&gt;Tilts&lt;/b&gt; gatavs", "Tilts gatavs"),
        (long, f"{long[:80].rpartition(' ')[0]}…"),
        ("x" * 90, f"{'x' * 80}…"),
        ("&lt;img src='/a.jpg' alt='Tilts &amp;amp; upe'&gt;", "Tilts & upe"),
        ("&lt;img src='https://a.lv/i/tilts.jpg?x'&gt;", "tilts.jpg"),
    ):
        written = html.unescape(body) if "json" in document or source == "wordpress" else body
        (record,) = records(source, document.replace("{}", written))
        assert record.title == title
        assert "it has no title, so its first words stand for it" in record.remarks


NAMES = st.from_regex(r"\A[a-z]{1,8}\Z")


@settings(max_examples=40)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["one", "two", "three", "four"])), max_size=30),
    st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=3),
)
def test_each_word_of_an_item_is_shown_or_its_element_is_counted(
    fields: list[tuple[str, str]], words: list[str]
) -> None:
    more = "".join(f"<x:{name} xmlns:x='urn:x'>{word}</x:{name}>" for name, word in fields)
    record = of_rss(f"<description>{' '.join(words)}</description>{more}")
    lost = [name for name, word in fields if word not in words]
    named = {kind for kind, _ in record.dropped}
    assert sum(number for _, number in record.dropped) == len(lost)
    assert named <= {f"x:{name} element" for name in lost} | {"other element"}
    assert len(named) <= 21


def test_other_enclosures_and_pictures_of_podcasts_are_attachments() -> None:
    more = (
        "<e:enclosure xmlns:e='http://purl.oclc.org/net/rss_2.0/enc#' "
        "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' r:resource='/a.mp3' "
        "e:type='audio/mpeg' e:length='12'/>"
        "<g:image xmlns:g='http://www.google.com/schemas/play-podcasts/1.0' href='/a.jpg'/>"
        f"<media:player {MEDIA} url='/watch'/>"
    )
    record = of_rss(f"<description>a</description>{more}")
    assert [(file.url, file.length, file.featured) for file in record.attachments] == [
        ("https://a.lv/a.mp3", 12, False),
        ("https://a.lv/watch", None, False),
        ("https://a.lv/a.jpg", None, True),
    ]
    assert not record.dropped


def test_an_item_may_have_its_title_and_language_elsewhere() -> None:
    untitled = item(
        "<dc:title>T</dc:title><dc:language>lv</dc:language><description>a</description>"
    )
    (record,) = records("feed", rss(untitled.replace("<title>Tilts</title>", "")))
    assert (record.title, record.language, record.remarks) == ("T", "lv", ())


def test_plain_text_gives_a_title_and_is_compared_in_linear_time() -> None:
    long = "x" * 1_000_000
    stated = {
        "content_text": "Tilts\ngatavs",
        "summary": f"{long} …",
        "date_published": "2010-05-04",
    }
    (record,) = records("feed", json_feed(stated))
    assert (record.title, dict(record.dropped)) == ("Tilts gatavs", {"summary field": 1})


def test_the_summary_of_a_run_names_no_more_kinds_than_a_terminal_shows() -> None:
    report = Report()
    for number in range(200):
        report.count(Result("a", Outcome.ADDED, dropped=Counter({f"x{number} element": 2})))
    assert len(report.dropped) == 101
    assert report.dropped["other element"] == 200
