"""Every format, read by independent parsers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feeds.documents.assemble import notice_entry, release_entry, subscription
from feeds.documents.body import Body
from feeds.documents.rendering import render
from feeds.domain import Category, ListedRelease, Notice, NoticeKind, Release, Selection, Site
from feeds.formats import FORMATS
from feeds.identity import rank
from feeds.text.catalogue import words
from feeds.text.html import Paragraph, summary, text_html
from feeds.text.plain import one_line
from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="formats do not depend on the engine")

ATOM = {"a": "http://www.w3.org/2005/Atom"}
SITE = Site(
    base_url="https://feeds.example.org",
    title="Portāls & <co>",
    rights="© & <mēs>",
    language="lv",
    words=words("lv"),
    zone=ZoneInfo("Europe/Riga"),
    entries=50,
)
SELECTION = Selection("tag:a,2008:feed/x", (Category("x", "X & <Y>"),), 1, START, START, (1,), (1,))
TEXT = st.text(st.characters(codec="utf-8"), max_size=80).map(one_line).filter(bool)
RELEASES = st.lists(
    st.builds(
        lambda title, text, number, original: Release(
            entry_id=f"tag:a,2008:release/{number}",
            rank=rank(str(number)),
            path=f"2010/01/01/r{number}",
            published=datetime(1850 + number % 200, 1, 1, tzinfo=UTC),
            updated=datetime(1850 + number % 200, 1, 2, tzinfo=UTC),
            title=title,
            body=text_html([Paragraph(text)]),
            summary=summary(text_html([Paragraph(text)])),
            language="ru" if number % 2 else None,
            author=title if number % 3 else None,
            website="https://a.example/?b=1&c=<>".replace("<>", "%3C"),
            contact=text,
            original=original,
            categories=(Category("x", title),),
        ),
        TEXT,
        TEXT,
        st.integers(0, 10**6),
        st.sampled_from([None, "https://old.example/?p=1&q=2"]),
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


def rendered(form: str, releases: list[Release], notices: list[Notice]) -> bytes:
    """Return the subscription document of these releases."""
    listed = [
        ListedRelease(
            id=number,
            token=number,
            published=release.published,
            rank=release.rank,
            updated=release.updated,
            categories=release.categories,
        )
        for number, release in enumerate(releases)
    ]
    feed = subscription(SITE, SELECTION, listed, notices, 0)
    rendering = render(SITE, FORMATS[form], feed, lambda _: dict(enumerate(releases)), None)
    return Body(rendering, None).content()


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
    assert [t.text for t in atom.iterfind("a:entry/a:content", ATOM)] == contents
    rss = etree.fromstring(rendered("rss", releases, notices))
    assert [t.text for t in rss.iterfind("channel/item/title")] == expected
    encoded = "{http://purl.org/rss/1.0/modules/content/}encoded"
    assert [t.text for t in rss.iterfind(f"channel/item/{encoded}")] == contents
    for element in rss.iterfind("channel/item"):
        tags = [child.tag for child in element]
        assert tags.index("description") < tags.index(encoded)
    items = json.loads(rendered("json", releases, notices))["items"]
    assert [item["title"] for item in items] == expected
    assert [item["content_html"] for item in items] == contents
    assert [item["id"] for item in items] == [entry.entry_id for entry in entries]


@given(RELEASES)
def test_every_atom_document_is_valid(atom_schema: Path, releases: list[Release]) -> None:
    schema = etree.RelaxNG(etree.parse(atom_schema))
    schema.assertValid(etree.fromstring(rendered("atom", releases, [NOTICE])))


# feedparser reads C1 controls as Windows-1252, and repairs what looks like UTF-8 that was read
# as Latin-1, which a title may look like.
TITLES = TEXT.filter(lambda text: not any("\x7f" <= letter <= "\xff" for letter in text))
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
    assert (tag.scheme, tag.label or tag.term) == (
        "https://feeds.example.org/categories",
        "Kultūra",
    )
    assert ("related", "http://www.liepkalne.example.lv") in {
        (link.rel, link.href) for link in entry.links
    }
    if form == "rss":
        assert not entry.guidislink


def test_language_author_and_original_address_of_a_release_are_in_every_format() -> None:
    release = Release(
        categories=(), path="2010/01/01/r", published=START, rank=1, title="R", language="ru",
        entry_id="tag:a,2008:release/1", updated=START, body="<p>R</p>", summary="R",
        author="Aģentūra", website=None, contact=None, original="https://old.example/7",
    )  # fmt: skip
    atom = feedparser.parse(rendered("atom", [release], [])).entries[0]
    rss = feedparser.parse(rendered("rss", [release], [])).entries[0]
    (item,) = json.loads(rendered("json", [release], []))["items"]
    assert atom.content[0].language == item["language"] == "ru"
    assert "<dc:language>ru</dc:language>" in rendered("rss", [release], []).decode()
    assert atom.author == rss.author == item["authors"][0]["name"] == "Aģentūra"
    assert item["_links"] == {"via": "https://old.example/7"}
    for entry in (atom, rss):
        assert ("via", "https://old.example/7") in {(link.rel, link.href) for link in entry.links}


def test_an_instant_in_local_mean_time_is_shown_in_utc(portal: Portal) -> None:
    portal.imported(page(published="1850-01-01 12:00:00"))
    (item,) = portal.client().get("/releases.json").get_json()["items"]
    assert item["date_published"].endswith("+00:00")
