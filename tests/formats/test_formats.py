"""Every format, read by independent parsers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from feeds.documents.assemble import notice_entry, release_entry, subscription
from feeds.documents.body import Body, Rendering
from feeds.documents.rendering import render
from feeds.domain import (
    Attachment,
    Category,
    ListedRelease,
    Notice,
    NoticeKind,
    Release,
    Selection,
    Site,
)
from feeds.formats import FORMATS
from feeds.identity import rank
from feeds.text.catalogue import words
from feeds.text.html import Paragraph, summary, text_html
from feeds.text.plain import clean_text, one_line
from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="formats do not depend on the engine")

ATOM = {"a": "http://www.w3.org/2005/Atom"}
DC = "{http://purl.org/dc/elements/1.1/}"
PAGE = {"p": "urn:uuid:65542ac4-bc2f-4814-ad69-8fa9ccbc716a"}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MEDIA = "{http://search.yahoo.com/mrss/}"
SITE = Site(
    base_url="https://feeds.example.org",
    title="Portāls & <co>",
    rights="© & <mēs>",
    contact="",
    language="lv",
    words=words("lv"),
    zone=ZoneInfo("Europe/Riga"),
    entries=50,
)
SELECTION = Selection("tag:a,2008:feed/x", (Category("x", "X & <Y>"),), 1, START, START, (1,), (1,))


def folded(text: str) -> str:
    """Fold ASCII white space: a no-break space, for one, stays."""
    return re.sub(r"[ \t\n\r\f\v]+", " ", clean_text(text)).strip(" ")


TEXT = st.text(st.characters(codec="utf-8"), max_size=80).map(folded).filter(bool)
ATTACHMENTS = st.lists(
    st.builds(
        Attachment,
        url=st.sampled_from(["https://a.example/?b=1&c='d'", "http://ā.example/%22.mp3"]),
        media_type=st.sampled_from([None, "image/png", "audio/mpeg", "video/mp4", "application/x"]),
        length=st.none() | st.integers(1, 2**63 - 1),
        title=st.none() | TEXT,
        featured=st.booleans(),
    ),
    max_size=2,
    unique_by=(lambda attachment: attachment.url, lambda attachment: attachment.featured),
).map(tuple)
RELEASES = st.lists(
    st.builds(
        lambda title, text, number, original, authors, attachments: Release(
            entry_id=f"tag:a,2008:release/{number}",
            permanent_id=f"{number} at {title}",
            rank=rank(str(number)),
            path=f"2010/01/01/r{number}",
            published=datetime(1850 + number % 200, 1, 1, tzinfo=UTC),
            updated=datetime(1850 + number % 200, 1, 2, tzinfo=UTC),
            title=title,
            body=text_html([Paragraph(text)]),
            summary=summary(text_html([Paragraph(text)])),
            language="ru" if number % 2 else None,
            authors=tuple(authors),
            attachments=attachments,
            website="https://a.example/?b=1&c=<>".replace("<>", "%3C"),
            contact=text,
            original=original,
            categories=(Category("x", title),),
        ),
        TEXT,
        TEXT,
        st.integers(0, 10**6),
        st.sampled_from([None, "https://old.example/?p=1&q=2"]),
        st.lists(TEXT, max_size=5),
        ATTACHMENTS,
    ),
    max_size=4,
    unique_by=lambda release: release.entry_id,
)
NOTICE = Notice(
    NoticeKind.SUSPENSION,
    "tag:a,2008:suspension/1",
    1,
    START,
    START,
    START,
    None,
    "Pauze",
    "Teksts",
)


def rendering(
    form: str,
    releases: Mapping[int, Release],
    notices: list[Notice],
    previous: Body | None = None,
) -> Rendering:
    """Render the subscription document of releases, given by their ids."""
    listed = [
        ListedRelease(
            id=number,
            token=number,
            published=release.published,
            rank=release.rank,
            updated=release.updated,
            categories=release.categories,
        )
        for number, release in releases.items()
    ]
    feed = subscription(SITE, SELECTION, listed, notices, 0)
    return render(SITE, FORMATS[form], feed, lambda _: releases, previous)


def rendered(form: str, releases: list[Release], notices: list[Notice]) -> bytes:
    """Return the subscription document of these releases."""
    return rendering(form, dict(enumerate(releases)), notices).content()


# Each looks like the beginning or the end of an entry.
MISLEADING = st.sampled_from(['},{"id":"', '"items":[{"id":', "</entry><entry>", "<item></item>"])


@given(
    RELEASES,
    st.lists(MISLEADING, min_size=4, max_size=4),
    st.sets(st.integers(0, 3)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from([None, "gzip", "br"]),
)
def test_a_document_that_takes_over_entries_has_the_bytes_of_a_new_one(
    found: list[Release],
    titles: list[str],
    former: set[int],
    was_suspended: bool,
    is_suspended: bool,
    form: str,
    coding: str | None,
) -> None:
    releases = {
        number: release._replace(title=title)
        for number, (release, title) in enumerate(zip(found, titles, strict=False))
    }
    before, after = ([NOTICE] if state else [] for state in (was_suspended, is_suspended))
    chosen = {number: releases[number] for number in former & releases.keys()}
    previous = Body(rendering(form, chosen, before), coding)
    made = rendering(form, releases, after, previous)
    expected = rendered(form, list(releases.values()), after)
    assert made.content() == expected
    assert Body(made, "gzip").content() == Body(made, "br").content() == expected


@given(RELEASES, st.booleans())
def test_every_parser_returns_every_text_unchanged(
    releases: list[Release], suspended: bool
) -> None:
    releases.sort(key=lambda release: (release.published, release.rank), reverse=True)
    notices = [NOTICE] if suspended else []
    entries = [notice_entry(SITE, notice) for notice in notices]
    entries += [release_entry(SITE, release) for release in releases]
    expected = [entry.title for entry in entries]
    contents = [entry.content for entry in entries]

    atom = etree.fromstring(rendered("atom", releases, notices))
    assert [t.text for t in atom.iterfind("a:entry/a:title", ATOM)] == expected
    assert [t.text for t in atom.iterfind("a:entry/a:id", ATOM)] == [e.entry_id for e in entries]
    names = atom.iterfind("a:entry/a:author/a:name", ATOM)
    assert [t.text for t in names] == [name for entry in entries for name in entry.authors]
    terms = [category.get("term") for category in atom.iterfind("a:entry/a:category", ATOM)]
    assert terms == [category.name for entry in entries for category in entry.categories]
    assert [t.text for t in atom.iterfind("a:entry/a:content", ATOM)] == contents
    rss = etree.fromstring(rendered("rss", releases, notices))
    assert [t.text for t in rss.iterfind("channel/item/title")] == expected
    guids = [(t.get("isPermaLink"), t.text) for t in rss.iterfind("channel/item/guid")]
    assert guids == [("false", entry.permanent_id) for entry in entries]
    creators = [t.text for t in rss.iterfind(f"channel/item/{DC}creator")]
    assert creators == [entry.byline for entry in entries]
    encoded = "{http://purl.org/rss/1.0/modules/content/}encoded"
    assert [t.text for t in rss.iterfind(f"channel/item/{encoded}")] == contents
    for element in rss.iterfind("channel/item"):
        tags = [child.tag for child in element]
        assert tags.index("description") < tags.index(encoded)
    items = json.loads(rendered("json", releases, notices))["items"]
    assert [item["title"] for item in items] == expected
    assert [item["content_html"] for item in items] == contents
    assert [item["id"] for item in items] == [entry.permanent_id for entry in entries]
    assert [[author["name"] for author in item["authors"]] for item in items] == [
        list(entry.authors) for entry in entries
    ]


@given(RELEASES)
@pytest.mark.slow
def test_attachments_are_whole_in_every_format(releases: list[Release]) -> None:
    releases.sort(key=lambda release: (release.published, release.rank), reverse=True)
    everything = [[*release.attachments] for release in releases]
    expected = [
        [[one.url, one.media_type, one.length and str(one.length), one.title] for one in attached]
        for attached in everything
    ]
    atom = etree.fromstring(rendered("atom", releases, []))
    assert expected == [
        [
            [link.get(name) for name in ("href", "type", "length", "title")]
            for link in entry.iterfind("a:link[@rel='enclosure']", ATOM)
        ]
        for entry in atom.iterfind("a:entry", ATOM)
    ]
    rss = etree.fromstring(rendered("rss", releases, []))
    items = rss.findall("channel/item")
    assert expected == [
        [
            [
                *(content.get(name) for name in ("url", "type", "fileSize")),
                content.findtext(f"{MEDIA}title"),
            ]
            for content in item.iterfind(f"{MEDIA}content")
        ]
        for item in items
    ]
    for item, attached in zip(items, everything, strict=True):
        enclosures = [dict(one.attrib) for one in item.iterfind("enclosure")]
        required = [
            {
                "url": one.url,
                "length": str(one.length or 0),
                "type": one.media_type or "application/octet-stream",
            }
            for one in attached
        ]
        assert len(enclosures) == min(len(attached), 1)
        assert all(enclosure in required for enclosure in enclosures)
    for item, attached in zip(
        json.loads(rendered("json", releases, []))["items"], everything, strict=True
    ):
        assert item.get("attachments", []) == [
            {"url": one.url, "mime_type": one.media_type or "application/octet-stream"}
            | ({"title": one.title} if one.title else {})
            | ({"size_in_bytes": one.length} if one.length else {})
            for one in attached
        ]
        assert item.get("image") == next((one.url for one in attached if one.featured), None)


@given(RELEASES)
def test_every_atom_document_is_valid(atom_schema: Path, releases: list[Release]) -> None:
    schema = etree.RelaxNG(etree.parse(atom_schema))
    schema.assertValid(etree.fromstring(rendered("atom", releases, [NOTICE])))


# feedparser reads C1 controls as Windows-1252, repairs what looks like UTF-8 that was read as
# Latin-1, which a title may look like, and strips all white space.
TITLES = TEXT.map(one_line).filter(
    lambda text: text and not any("\x7f" <= letter <= "\xff" for letter in text)
)
PAGES = st.lists(
    st.tuples(TITLES, st.text(st.characters(codec="utf-8"), max_size=200)), min_size=1, max_size=3
)


@pytest.mark.slow
@settings(max_examples=40)
@given(PAGES)
def test_any_text_survives_import_and_every_parser(
    another: Callable[..., Portal], pages: list[tuple[str, str]]
) -> None:
    portal = another()
    for day, (title, body) in enumerate(pages, 1):
        text = page(title, "Kultūra", f"2010-01-{day:02} 12:00:00", f"x\n\n{body}\n\nx", banner="")
        portal.feeds("import", portal.write(f"{day}.txt", text))
    client = portal.client()
    items = client.get("/releases.json").get_json()["items"]
    for form in ("atom", "rss"):
        parsed = feedparser.parse(client.get(f"/releases.{form}").data)
        assert not parsed.bozo
        assert [entry.id for entry in parsed.entries] == [item["id"] for item in items]
        # feedparser treats an RSS title as HTML, so "<a>" in it becomes a tag.
        if form == "atom":
            assert [entry.title for entry in parsed.entries] == [item["title"] for item in items]


def test_plain_text_in_rss_is_escaped_as_the_best_practices_profile_says(portal: Portal) -> None:
    portal.imported(page("A & B <c>", category="D & <e>"))
    text = portal.client().get("/releases.rss").text
    assert "<title>A &#x26; B &#x3C;c&gt;</title>" in text
    assert ">D &#x26; &#x3C;e&gt;</category>" in text
    assert "\ufeff" not in text


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_feedparser_understands_every_part(portal: Portal, form: str) -> None:
    portal.imported(page("Izstāde", "Kultūra", "2010-05-04 12:00:00", "Viens.\n\nDivi."))
    parsed = feedparser.parse(portal.client().get(f"/categories/kultura.{form}").data)
    feed, (entry,) = parsed.feed, parsed.entries
    assert not parsed.bozo
    assert feed.title == "PRCentrs.Lv: Kultūra"
    assert feed.subtitle.startswith("Preses relīzes: Kultūra.")
    assert ("https://feeds.example.org/categories/kultura" in feed.subtitle) == (form == "atom")
    assert feed.rights == "Copyright © 2007-2022 PRCentrs.Lv"
    assert feed.language == "lv"
    assert feed.generator == "release-feeds"
    assert feed.link == "https://feeds.example.org/categories/kultura"
    assert {(link.rel, link.href) for link in feed.links} == {
        ("self", f"https://feeds.example.org/categories/kultura.{form}"),
        ("alternate", "https://feeds.example.org/categories/kultura"),
    }
    assert entry.id.endswith("/izstade")
    assert entry.link == "https://feeds.example.org/releases/2010/05/04/izstade"
    assert entry.published_parsed[:6] == entry.updated_parsed[:6] == (2010, 5, 4, 9, 0, 0)
    assert entry.author == "PRCentrs.Lv"
    assert entry.summary == "Viens. Divi."
    assert entry.content[-1].value == "<p>Viens.</p>\n<p>Divi.</p>"
    (tag,) = entry.tags
    assert (tag.scheme, tag.term) == ("https://feeds.example.org/categories", "Kultūra")
    assert ("related", "http://www.liepkalne.example.lv") in {
        (link.rel, link.href) for link in entry.links
    }
    if form == "rss":
        assert not entry.guidislink


@pytest.mark.parametrize("language", ["lv", "en", "en-GB", "ar", "ja"])
def test_a_feed_has_the_date_of_each_release_as_pages_write_it(
    another: Callable[..., Portal], language: str
) -> None:
    portal = another(FEEDS_LANGUAGE=language)
    # In the portal's zone the former is of the following day.
    for name, published in (("late", "2010-05-04T22:30:00Z"), ("early", "2010-05-04T02:00:00Z")):
        record = {"title": name, "published": published, "body": "B", "language": "en-US"}
        path = portal.write(f"{name}.jsonl", json.dumps(record))
        assert portal.feeds("import", path).code == 0
    portal.feeds("suspend", "--since", "2022-12-31T23:00:00Z")
    client = portal.client()
    page_dates = html.fromstring(client.get("/").data).xpath("//ol[@class='releases']//time/text()")
    assert len(set(page_dates)) == 2
    for form in ("atom", "rss"):
        root = etree.fromstring(client.get(f"/releases.{form}").data)
        notice, *dates = root.iterfind(".//p:day", PAGE)
        assert [date.text for date in dates] == page_dates
        assert notice.text not in page_dates
        if form == "atom":
            assert {date.get(LANG) for date in dates} == {language}


RELEASE = Release(
    categories=(), path="2010/01/01/r", published=START, rank=1, title="R", language="ru",
    entry_id="tag:a,2008:release/1", permanent_id="7 at https://old.example", updated=START,
    body="<p>R</p>", summary="R", authors=("Aģentūra",), attachments=(), website=None, contact=None,
    original="https://old.example/7",
)  # fmt: skip


def parsed(release: Release) -> tuple[Any, Any, dict[str, Any]]:
    """Return the entry of a release as feedparser reads it in Atom and in RSS, and its JSON."""
    atom, rss = (feedparser.parse(rendered(form, [release], [])) for form in ("atom", "rss"))
    assert not atom.bozo
    assert not rss.bozo
    (item,) = json.loads(rendered("json", [release], []))["items"]
    return atom.entries[0], rss.entries[0], item


def test_language_author_and_original_address_of_a_release_are_in_every_format() -> None:
    release = RELEASE
    atom, rss, item = parsed(release)
    assert atom.content[0].language == item["language"] == "ru"
    assert "<dc:language>ru</dc:language>" in rendered("rss", [release], []).decode()
    assert atom.author == rss.author == item["authors"][0]["name"] == "Aģentūra"
    assert item["_links"] == {"via": "https://old.example/7"}
    for entry in (atom, rss):
        assert ("via", "https://old.example/7") in {(link.rel, link.href) for link in entry.links}


def test_an_id_that_is_no_uri_is_that_of_rss_and_json_feed() -> None:
    atom, rss, item = parsed(RELEASE)
    assert atom.id == "tag:a,2008:release/1"
    assert rss.id == item["id"] == "7 at https://old.example"
    assert not rss.guidislink


@pytest.mark.parametrize(
    ("language", "joined"),
    [("lv", "Anna, A & <B> un {0}"), ("en", "Anna, A & <B>, and {0}")],
)
def test_several_authors_are_joined_as_people_write_them(language: str, joined: str) -> None:
    names = ("Anna", "A & <B>", "{0}")
    release = RELEASE._replace(authors=names)
    atom, _, item = parsed(release)
    assert [author.name for author in atom.authors] == [*names]
    assert [author["name"] for author in item["authors"]] == [*names]
    site = replace(SITE, words=words(language))
    assert release_entry(site, release).byline == joined


def test_a_no_break_space_in_a_title_survives() -> None:
    atom, rss, item = parsed(RELEASE._replace(title="Nr.\xa07\u202f%"))
    assert atom.title == rss.title == item["title"] == "Nr.\xa07\u202f%"


def test_categories_keep_their_order_in_every_format() -> None:
    names = ["Z", "Ā", "M"]
    categories = tuple(Category(name.lower(), name) for name in names)
    atom, rss, item = parsed(RELEASE._replace(categories=categories))
    assert (
        [tag.term for tag in atom.tags] == [tag.term for tag in rss.tags] == item["tags"] == names
    )


PICTURE = Attachment("https://a.example/a.png", "image/png", 5, "Tilts", featured=True)
PAPER = Attachment("https://a.example/a.pdf", "application/pdf")
SOUND = Attachment("https://a.example/a.mp3", "audio/mpeg", 7_000_000_000)


def test_readers_find_the_attachments_of_a_release() -> None:
    atom, rss, item = parsed(RELEASE._replace(attachments=(PICTURE, PAPER, SOUND)))
    addresses = [one.url for one in (PICTURE, PAPER, SOUND)]
    assert [enclosure.href for enclosure in atom.enclosures] == addresses
    assert [enclosure.type for enclosure in atom.enclosures] == [
        "image/png", "application/pdf", "audio/mpeg",
    ]  # fmt: skip
    # A reader of RSS expects one enclosure, such as the episode of a podcast.
    (enclosure,) = rss.enclosures
    assert (enclosure.href, enclosure.length) == (SOUND.url, "7000000000")
    assert [content["url"] for content in rss.media_content] == addresses
    assert [content["medium"] for content in rss.media_content] == ["image", "document", "audio"]
    assert [one["url"] for one in item["attachments"]] == addresses
    assert item["image"] == PICTURE.url


@pytest.mark.parametrize(
    ("attachments", "enclosed"),
    [((PICTURE, PAPER), PAPER), ((PICTURE,), PICTURE), ((PAPER, SOUND), SOUND)],
)
def test_a_picture_is_the_enclosure_only_of_a_release_with_nothing_else(
    attachments: tuple[Attachment, ...], enclosed: Attachment
) -> None:
    _, rss, _ = parsed(RELEASE._replace(attachments=attachments))
    assert [enclosure.href for enclosure in rss.enclosures] == [enclosed.url]


def test_a_release_that_is_one_picture_has_its_content_where_readers_look_for_it() -> None:
    picture = '<img src="https://a.example/a.png" alt="">'
    document = rendered("rss", [RELEASE._replace(title="A & B", body=picture, summary="")], [])
    (item,) = etree.fromstring(document).iterfind("channel/item")
    assert item.findtext("description") == "A &amp; B"
    assert item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") == picture


def test_the_prefix_of_media_rss_is_declared_once(portal: Portal) -> None:
    document = rendered("rss", [RELEASE._replace(attachments=(PICTURE, PAPER))], [])
    assert document.count(b"xmlns:media=") == 1
    assert (
        b'xmlns:media="http://search.yahoo.com/mrss/"' in portal.client().get("/releases.rss").data
    )


def test_instants_are_in_utc_where_readers_ignore_an_offset(portal: Portal) -> None:
    portal.imported(page(published="2010-05-04 12:00:00"))
    portal.feeds("suspend")
    client = portal.client()
    at = "2010-05-04T09:00:00Z"
    atom, rss = (etree.fromstring(client.get(f"/releases.{form}").data) for form in ("atom", "rss"))
    for name in ("updated", "published"):
        instants = [element.text for element in atom.iterfind(f".//a:{name}", ATOM)]
        assert instants[-1] == at
        assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", instant) for instant in instants)
    document = client.get("/releases.json").get_json()
    assert document["_feed"]["updated"].endswith("Z")
    item = document["items"][-1]
    assert item["date_published"] == item["date_modified"] == at
    assert rss.findtext(f"channel/item[2]/{{{ATOM['a']}}}updated") == at
    # The dates of RSS have the portal's offset, which every reader understands.
    assert rss.findtext("channel/item[2]/pubDate") == "Tue, 04 May 2010 12:00:00 +0300"


def test_a_date_in_local_mean_time_is_in_utc(portal: Portal) -> None:
    portal.imported(page(published="1850-01-01 12:00:00"))
    rss = etree.fromstring(portal.client().get("/releases.rss").data)
    assert rss.findtext("channel/item/pubDate", "").endswith(" +0000")
