"""Pictures and attachments on the pages of releases."""

import json
from dataclasses import astuple
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from feeds.domain import Attachment
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

ADDRESS = "/releases/2010/05/04/a"
PICTURE = Attachment("https://a.example/a.jpg?b=1&c", "image/jpeg", 9, 'Tilts "Ā"', featured=True)
LAZILY = {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"}


def quoted(text: str) -> str:
    """Return an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def give(portal: Portal, body: str, *attachments: Attachment) -> Portal:
    """Import a release and give it a body and attachments."""
    if not portal.sql("SELECT id FROM release"):
        portal.imported(page("A", "Kultūra"))
    stored = json.dumps([astuple(attachment) for attachment in attachments])
    portal.sql(
        f"UPDATE release SET body = {quoted(body)}, attachments = {quoted(stored)}"  # noqa: S608 - quoted
    )
    return portal


def shown(portal: Portal) -> Any:
    response = portal.client().get(ADDRESS)
    assert response.status_code == 200
    return html.fromstring(response.data)


def properties(tree: Any) -> dict[str, str]:
    """Return what the page states about its release for sites that share it."""
    return {
        meta.get("property") or meta.get("name"): meta.get("content")
        for meta in tree.xpath("//meta[@content][@property or @name]")
    }


ALTS = st.lists(st.sampled_from([*'ab <>"&=/', "<img ", ' src="', "<p>"])).map("".join)
BODIES = st.lists(
    st.one_of(
        ALTS.map(lambda text: f"<p>{escape(text, quote=False)}</p>"),
        ALTS.map(lambda alt: f'<img alt="{escape(alt)}" src="https://a.example/{len(alt)}">'),
        ALTS.map(lambda alt: f'<img src="/?a&amp;b" alt="{alt.replace(chr(34), "&quot;")}">'),
        ALTS.map(lambda href: f'<a href="{href.replace(chr(34), "&quot;")}">a<br>b</a>'),
    ),
    max_size=6,
).map("".join)


@settings(max_examples=30)
@given(BODIES)
@pytest.mark.slow
@pytest.mark.no_cover
def test_only_how_pictures_are_loaded_differs_from_the_body(portal: Portal, body: str) -> None:
    expected = html.fromstring(f'<div class="body" dir="auto">\n{body}\n</div>')
    (found,) = shown(give(portal, body)).xpath("//*[@class='body']")
    for picture in found.iter("img"):
        assert {name: picture.attrib.pop(name) for name in LAZILY} == LAZILY
    found.tail = None
    assert html.tostring(found) == html.tostring(expected)


def test_feeds_have_the_body_as_it_is(portal: Portal) -> None:
    body = '<p><img src="https://a.example/a.png" alt="A"></p>'
    client = give(portal, body).client()
    (item,) = client.get("/releases.json").get_json()["items"]
    assert item["content_html"] == body


def test_the_featured_picture_is_above_the_text(portal: Portal) -> None:
    tree = shown(give(portal, '<p><img src="https://a.example/b.png" alt=""></p>', PICTURE))
    (picture,) = tree.xpath("//article/figure/img")
    assert dict(picture.attrib) == LAZILY | {"src": PICTURE.url, "alt": 'Tilts "Ā"'}
    assert tree.xpath("//article/figure/following-sibling::div[@class='body']")
    assert not tree.xpath("//*[@class='attachments']")


def test_a_featured_picture_that_is_in_the_text_is_shown_once(portal: Portal) -> None:
    body = f'<figure><img src="{escape(PICTURE.url)}" alt="B"><figcaption>B</figcaption></figure>'
    tree = shown(give(portal, body, PICTURE))
    assert [picture.get("alt") for picture in tree.iter("img")] == ["B"]


@pytest.mark.parametrize(
    ("body", "attachments", "expected"),
    [
        ('<img src="https://a.example/b.png" alt="">', (PICTURE,), PICTURE.url),
        (
            '<p>x</p><img alt=" src=" src="https://a.example/?a&amp;b"><img src="https://a.lv/2">',
            (Attachment("https://a.example/3.png", "image/png"),),
            "https://a.example/?a&b",
        ),
        (
            "<p>&lt;img src=&quot;x&quot;&gt;</p>",
            (
                Attachment("https://a.example/3.pdf", "application/pdf"),
                Attachment("https://a.example/3.png", "image/png"),
            ),
            "https://a.example/3.png",
        ),
        ("<p>x</p>", (Attachment("https://a.example/3.pdf", "application/pdf"),), None),
    ],
)
def test_the_picture_of_a_release_is_the_featured_or_the_first(
    portal: Portal, body: str, attachments: tuple[Attachment, ...], expected: str | None
) -> None:
    tree = shown(give(portal, body, *attachments))
    stated = properties(tree)
    assert stated.get("og:image") == expected
    assert stated.get("twitter:card") == ("summary_large_image" if expected else None)
    (script,) = tree.xpath("//script[@type='application/ld+json']")
    assert json.loads(script.text).get("image") == expected


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        (
            Attachment("https://a.lv/f/Par%20tiltu.PDF?v=1", "application/pdf", 1_250_000, "Tilts"),
            ("Tilts", "PDF, 1,2 MB"),
        ),
        (Attachment("https://a.lv/P%C4%81r%0Ai.mp3", None, 48_213), ("Pār i.mp3", "MP3, 48 kB")),
        (Attachment("https://a.lv/?id=7", "image/png", 999), ("a.lv", "Attēls, 999 baiti")),
        (Attachment("https://a.lv/get.php?id=7", "video/mp4"), ("get.php", "Video")),
        (Attachment("https://a.lv/a.b/", "audio/ogg", 1), ("a.lv", "Audio, 1 baits")),
        (Attachment("https://a.lv/2019.12"), ("2019.12", "Dokuments")),
        (Attachment("https://a.lv/a.zip", length=5 * 10**15), ("a.zip", "ZIP, 5\xa0000\xa0000 GB")),
        (Attachment("https://a.lv/%3Cb%3E%FF", None, 1000), ("<b>\ufffd", "Dokuments, 1 kB")),
    ],
)  # fmt: skip
def test_attachments_are_listed_with_their_type_and_size(
    portal: Portal, attachment: Attachment, expected: tuple[str, str]
) -> None:
    (entry,) = shown(give(portal, "<p>x</p>", PICTURE, attachment)).xpath(
        "//*[@class='attachments'][h2 = 'Pielikumi']//li"
    )
    link, about = entry
    assert (link.text_content(), about.text) == expected
    assert (link.get("href"), link.get("type")) == (attachment.url, attachment.media_type)


@pytest.mark.parametrize(
    ("address", "pictures"),
    [
        ("/", "'self'"),
        ("/categories/kultura", "'self'"),
        ("/categories/list/1", "'self'"),
        ("/releases/archive/1", "'self'"),
        ("/nothing", "'self'"),
        ("/releases/2010/05/04/nothing", "'self'"),
        ("/releases/2010/05/04/withdrawn", "'self'"),
        (ADDRESS, "'self' https: http:"),
    ],
)
def test_only_pages_of_releases_load_pictures_of_other_hosts(
    portal: Portal, address: str, pictures: str
) -> None:
    portal.imported(page("A", "Kultūra"), page("Withdrawn"))
    assert portal.feeds("withdraw", "/releases/2010/05/04/withdrawn").code == 0
    client = portal.client()
    for _ in range(2):  # the second answer comes from the cache
        response = client.get(address)
        (policy,) = response.headers.getlist("Content-Security-Policy")
        assert policy == (
            f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {pictures}; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        assert response.headers.getlist("Referrer-Policy") == ["same-origin"]


def test_a_page_names_the_authors_and_puts_the_main_category_first(portal: Portal) -> None:
    record = {
        "title": "A",
        "body": "B",
        "published": "2010-05-04T12:00:00Z",
        "categories": ["Vide", "Āra sports", "Kultūra"],
    }
    assert portal.feeds("import", portal.write("a.jsonl", json.dumps(record))).code == 0
    assert not shown(portal).xpath("//*[@class='authors']")
    names = ["Anna", "<b>Jānis</b>", "Co & Co"]
    portal.sql(f"UPDATE release SET authors = {quoted(json.dumps(names))}")  # noqa: S608 - quoted
    tree = shown(portal)
    assert tree.xpath("//*[@class='authors']/text()") == ["Anna, <b>Jānis</b> un Co & Co"]
    (script,) = tree.xpath("//script[@type='application/ld+json']")
    stated = json.loads(script.text)
    assert stated["author"] == [{"@type": "Organization", "name": name} for name in names]
    assert stated["articleSection"] == record["categories"]
    assert tree.xpath("//article/p[@class='above']/a/text()") == record["categories"]
