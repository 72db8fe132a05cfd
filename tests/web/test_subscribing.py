"""Subscribing: the list of feeds, the panel and the form for a combined feed."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from lxml import etree, html

from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

BASE = "https://feeds.example.org"


def test_the_list_names_every_feed_in_the_order_of_the_categories(portal: Portal) -> None:
    portal.imported(page("A", "Žurnāli & <b>"), page("B", "Kultūra"), page("C", "Ādaži"))
    response = portal.client().get("/feeds.opml")
    assert response.content_type == "text/x-opml; charset=utf-8"
    tree = etree.fromstring(response.data)
    assert tree.get("version") == "2.0"
    assert tree.findtext("head/title") == "PRCentrs.Lv"
    assert [dict(outline.attrib) for outline in tree.find("body")] == [
        {"text": title, "title": title, "type": "rss", "xmlUrl": feed, "htmlUrl": at}
        for title, feed, at in (
            ("PRCentrs.Lv", f"{BASE}/releases.atom", f"{BASE}/"),
            (
                "PRCentrs.Lv: Ādaži",
                f"{BASE}/categories/adazi.atom",
                f"{BASE}/categories/adazi",
            ),
            (
                "PRCentrs.Lv: Kultūra",
                f"{BASE}/categories/kultura.atom",
                f"{BASE}/categories/kultura",
            ),
            (
                "PRCentrs.Lv: Žurnāli & <b>",
                f"{BASE}/categories/zurnali-b.atom",
                f"{BASE}/categories/zurnali-b",
            ),
        )
    ]
    for outline in tree.find("body"):
        address = outline.get("xmlUrl").removeprefix(BASE)
        assert portal.client().get(address).status_code == 200


def test_the_list_has_validators_and_changes_with_a_new_category(portal: Portal) -> None:
    client = portal.imported(page("A", "Kultūra")).client()
    first = client.get("/feeds.opml")
    tagged = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/feeds.opml", headers=tagged).status_code == 304
    portal.imported(page("B", "Sports"))
    second = client.get("/feeds.opml", headers=tagged)
    assert second.status_code == 200
    assert b"categories/sports.atom" in second.data


def test_an_empty_portal_lists_the_feed_of_all_releases(portal: Portal) -> None:
    tree = etree.fromstring(portal.client().get("/feeds.opml").data)
    assert [outline.get("xmlUrl") for outline in tree.find("body")] == [f"{BASE}/releases.atom"]


@pytest.mark.parametrize(
    ("address", "feed"), [("/", "/releases"), ("/categories/kultura", "/categories/kultura")]
)
def test_index_and_category_page_show_how_to_subscribe(
    portal: Portal, address: str, feed: str
) -> None:
    portal.imported(page("A", "Kultūra"))
    tree = html.fromstring(portal.client().get(address).data)
    (panel,) = tree.xpath("//section[@aria-labelledby='subscribe']")
    assert panel.xpath(".//input/@value") == [f"{BASE}{feed}.atom"]
    assert panel.xpath(".//a/@href") == [
        f"{BASE}{feed}.rss",
        f"{BASE}{feed}.json",
        f"{BASE}/feeds.opml",
    ]


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return portal.imported(page("A", "Kultūra"), page("B", "Sports"), page("C", "Vide")).client()


@pytest.mark.parametrize(
    ("query", "feed"),
    [
        ("category=sports&category=kultura", "/categories/kultura+sports.atom"),
        ("category=vide&category=kultura&format=json", "/categories/kultura+vide.json"),
        ("category=vide&category=vide&format=rss", "/categories/vide.rss"),
    ],
)
def test_the_form_redirects_to_the_feed_of_the_selected_categories(
    client: FlaskClient, query: str, feed: str
) -> None:
    response = client.get(f"/categories?{query}")
    assert (response.status_code, response.headers["Location"]) == (303, feed)
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get(feed).status_code == 200


@pytest.mark.parametrize("address", ["/categories", "/categories?format=rss", "/categories?x=1"])
def test_the_form_without_a_selection_redirects_to_the_categories(
    client: FlaskClient, address: str
) -> None:
    response = client.get(address)
    assert (response.status_code, response.headers["Location"]) == (303, "/#categories")


def test_too_many_selected_categories_get_an_error_page(client: FlaskClient) -> None:
    query = "&".join(f"category=c{n}" for n in range(21))
    response = client.get(f"/categories?{query}")
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "<h1>Vienā plūsmā var apvienot ne vairāk kā 20 kategoriju</h1>" in response.text
    assert "Atgriezieties un atzīmējiet mazāk kategoriju." in response.text


def test_a_portal_of_one_category_offers_no_combination(portal: Portal) -> None:
    tree = html.fromstring(portal.imported(page("A", "Kultūra")).client().get("/").data)
    assert tree.xpath("//ul[@class='categories']/li//a[@id]/text()") == ["Kultūra"]
    assert tree.xpath("//form | //*[@class='choice']//input") == []


def test_the_form_offers_every_category_and_format(client: FlaskClient) -> None:
    (form,) = html.fromstring(client.get("/").data).xpath("//form")
    assert (form.get("action"), form.get("method")) == ("/categories", "get")
    assert form.xpath(".//input[@name='category']/@value") == ["kultura", "sports", "vide"]
    assert form.xpath(".//input[@name='format']/@value") == ["atom", "rss", "json"]


def test_the_404_of_a_combined_feed_names_the_unknown_category(client: FlaskClient) -> None:
    for address in ("/categories/kultura+nav.atom", "/categories/vide+nav+kultura.json"):
        response = client.get(address)
        assert (response.status_code, response.text) == (404, "There is no category “nav”.\n")


def test_many_categories_are_found_by_their_first_letter(
    another: Callable[..., Portal],
) -> None:
    portal = another()
    few = portal.imported(*(page(f"R{n}", f"A{n:02}") for n in range(40))).client().get("/").text
    assert 'class="initials"' not in few
    portal.imported(page("Z", "Žurnāli"), page("Y", "Ķīmija"), page("X", "Ήχος"), page("W", "«»"))
    portal.imported(*(page(name, name) for name in ("Zivis", "Ādas", "Kino", "Ūdens", "Upes")))
    tree = html.fromstring(portal.client().get("/").data)
    (nav,) = tree.xpath("//nav[@class='initials']")
    links = {a.text: a.get("href") for a in nav.xpath("a")}
    named = [a.text for a in tree.xpath("//ul[@class='categories']/li//a[@id]")]
    assert named[0] == "«»"
    assert named[-9:] == [
        "A39",
        "Ādas",
        "Kino",
        "Ķīmija",
        "Ūdens",
        "Upes",
        "Zivis",
        "Žurnāli",
        "Ήχος",
    ]
    # The first belongs to the name without letters.
    assert list(links)[1:] == ["A", "K", "Ķ", "U", "Z", "Ž", "Η"]
    assert links["U"] == "#category-udens"
    for target in links.values():
        assert tree.get_element_by_id(target[1:]).tag == "a"
