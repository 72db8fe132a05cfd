"""Index, category and archive pages: their lists, counts and links."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

BASE = "https://feeds.example.org"
SVG = "//figure[@class='chart']"


def tree_of(portal: Portal, address: str) -> Any:
    response = portal.client().get(address)
    assert response.status_code == 200, response.text
    return html.fromstring(response.data)


def listed(tree: Any) -> list[str]:
    return [a.text for a in tree.xpath("//ol[@class='releases']//a[@class='title']")]


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


def bars(tree: Any) -> list[tuple[str, str]]:
    """Return the title and the height of each bar of the chart."""
    links = tree.xpath(f"{SVG}/svg/a")
    return [(link.xpath("title")[0].text, link.xpath("rect")[-1].get("height")) for link in links]


def years(*counts: tuple[int, int], category: str = "Kultūra") -> list[str]:
    return [
        page(f"R{year} {n}", category, f"{year}-06-01 12:00:{n:02}")
        for year, count in counts
        for n in range(count)
    ]


def test_a_category_says_how_many_releases_of_which_years_it_has(portal: Portal) -> None:
    portal.imported(*years((2007, 2), (2009, 4)), page("Cits", "Sports", "2012-05-04 12:00:00"))
    tree = tree_of(portal, "/categories/kultura")
    (count,) = tree.xpath("//main/p[@class='count']")
    assert " ".join(count.text_content().split()) == "6 preses relīzes, 2007–2009"
    assert bars(tree) == [("2007: 2", "50.0"), ("2009: 4", "100.0")]
    assert [rect.get("x") for rect in tree.xpath(f"{SVG}//rect[@class='whole']")] == ["0", "20"]
    # The bars are for a mouse; what they show is also a list of links.
    (svg,) = tree.xpath(f"{SVG}/svg")
    assert svg.get("aria-hidden") == "true"
    assert {link.get("tabindex") for link in svg.xpath("a")} == {"-1"}
    shown = [" ".join(item.text_content().split()) for item in tree.xpath(f"{SVG}//li")]
    assert shown == ["2007 22 preses relīzes", "2009 44 preses relīzes"]
    at = [f"{BASE}/categories/kultura/releases/{year}" for year in (2007, 2009)]
    assert tree.xpath(f"{SVG}//li/a/@href") == svg.xpath("a/@href") == at
    assert tree.xpath(f"{SVG}/p")[0].text == "2009: 4 preses relīzes"
    assert " ".join(
        tree_of(portal, "/").xpath("//p[@class='count']")[0].text_content().split()
    ) == ("7 preses relīzes, 2007–2012")


def test_a_list_does_not_read_the_bodies_of_its_releases(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="4")
    text = "Garš teksts. " * 70_000
    days = [page(f"G{n}", "Kultūra", f"2010-05-0{n} 12:00:00", text) for n in (1, 2, 3, 5, 6, 7, 8)]
    portal.imported(*days, page("Īsa", "Kultūra", "2010-05-04 12:00:00"))
    client = portal.client()
    client.get("/categories/nav")
    for address in ("/", "/categories/kultura", "/releases/archive/1", "/releases/2010/05/04/isa"):
        tracemalloc.start()
        response = client.get(address)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert response.status_code == 200
        assert peak < 2 * len(text), address  # bytes of one of the bodies


def test_the_chart_needs_two_years_and_the_count_one(portal: Portal) -> None:
    assert tree_of(portal, "/").xpath("//p[@class='count']")[0].text == "0 preses relīžu"
    portal.imported(*years((2007, 3)))
    tree = tree_of(portal, "/categories/kultura")
    assert tree.xpath(f"{SVG}/svg") == []
    assert tree.xpath(f"{SVG}//li/a/@href") == [f"{BASE}/categories/kultura/releases/2007"]
    text = tree.xpath("//p[@class='count']")[0].text_content()
    assert " ".join(text.split()) == "3 preses relīzes, 2007"


def test_the_chart_of_a_long_period_omits_years_without_releases(portal: Portal) -> None:
    portal.imported(*years((1007, 1), (2009, 300 // 100)))
    assert bars(tree_of(portal, "/")) == [("1007: 1", "33.3"), ("2009: 3", "100.0")]


def test_the_bar_of_a_year_with_few_releases_stays_visible(portal: Portal) -> None:
    portal.imported(*years((2007, 1), (2008, 60)))
    assert bars(tree_of(portal, "/")) == [("2007: 1", "2"), ("2008: 60", "100.0")]


def test_a_category_page_does_not_repeat_its_own_name_in_its_list(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    assert tree_of(portal, "/categories/kultura").xpath("//p[@class='about']/a") == []
    assert tree_of(portal, "/").xpath("//p[@class='about']/a")[0].text == "Kultūra"


@pytest.mark.parametrize("of", ["/releases", "/categories/kultura"])
def test_archive_pages_list_the_releases_of_the_archive_documents(
    another: Callable[..., Portal], of: str
) -> None:
    portal = another(FEEDS_ENTRIES="2")
    portal.imported(*years((2007, 3), (2008, 4)))
    front = "/" if of == "/releases" else of
    tree = tree_of(portal, front)
    assert listed(tree) == ["R2008 3", "R2008 2"]
    address = f"{BASE}{of}/archive/3"
    walked = []
    while True:
        path = address.removeprefix(BASE)
        tree = tree_of(portal, path)
        document = portal.client().get(f"{path}.json").get_json()
        assert listed(tree) == [item["title"] for item in document["items"]]
        assert document["home_page_url"] == address
        assert tree.xpath("//link[@rel='canonical']/@href") == [address]
        walked.append(path.rpartition("/")[2])
        older = tree.xpath("(//nav[@class='turn'])[1]/a[@class='previous']/@href")
        if not older:
            break
        (address,) = older
    assert walked == ["3", "2", "1"]
    assert portal.client().get(f"{of}/archive/4").status_code == 404


@pytest.mark.parametrize(
    ("entries", "number"), [("2", "4"), ("3", "3"), ("5", "2"), ("7", "1"), ("8", "1"), ("9", None)]
)
def test_older_releases_continue_where_the_newest_end(
    another: Callable[..., Portal], entries: str, number: str | None
) -> None:
    portal = another(FEEDS_ENTRIES="2").imported(*years((2007, 9)))
    portal.environ["FEEDS_ENTRIES"] = entries
    tree = tree_of(portal, "/")
    older = tree.xpath("//nav[@class='turn']/a/@href")
    if number is None:
        assert older == []
        return
    address, _, place = older[0].partition("#")
    assert address == f"{BASE}/releases/archive/{number}"
    there = tree_of(portal, address.removeprefix(BASE))
    (first,) = there.xpath(f"//li[@id='{place}']/a")
    assert first.text == f"R2007 {8 - int(entries)}"


def test_an_archive_page_names_others_by_number_and_dates(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="2")
    portal.imported(*years(*((year, 1) for year in range(2001, 2022)), (2022, 3)))
    for year in (2009, 2010):
        portal.feeds("withdraw", f"{year}/06/01/r{year}-0")
    tree = tree_of(portal, "/releases/archive/6")
    assert (
        text(tree.xpath("//p[@class='count']")[0]) == "2011. gada 1. jūnijs – 2012. gada 1. jūnijs"
    )
    links = tree.xpath("//nav[@class='pages']//a")
    dates = {
        n: f"{n} {1999 + 2 * n}. gada 1. jūnijs – {2000 + 2 * n}. gada 1. jūnijs"
        for n in range(1, 12)
    } | {5: "5", 12: "12 2022. gada 1. jūnijs"}
    assert [text(link) for link in links] == [dates[n] for n in (1, *range(3, 10), 12)]
    assert links[1].get("href") == f"{BASE}/releases/archive/3"
    assert [text(link)[0] for link in links if link.get("aria-current") == "page"] == ["6"]


def test_archive_pages_link_to_newer_releases(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="2").imported(*years((2007, 5)))
    for address, newer in (
        ("/categories/kultura/archive/1", "/categories/kultura/archive/2"),
        ("/categories/kultura/archive/2", "/categories/kultura"),
        ("/releases/archive/2", "/"),
    ):
        found = tree_of(portal, address).xpath("//a[@class='next']/@href")
        assert found == [BASE + newer] * 2


def test_an_archive_page_shows_the_announcement_and_its_feeds(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="1").imported(*years((2007, 2)))
    portal.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00")
    tree = tree_of(portal, "/categories/kultura/archive/1")
    assert "kopš 2022. gada 1. marta" in tree.xpath("//aside")[0].text_content()
    assert [link.get("href") for link in tree.xpath("//link[@rel='alternate']")] == [
        f"{BASE}{of}.{form}"
        for of in ("/categories/kultura", "/releases")
        for form in ("atom", "rss", "json")
    ]


def test_an_archive_page_without_releases_still_exists(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="1").imported(*years((2007, 2)))
    portal.feeds("withdraw", "2007/06/01/r2007-0")
    tree = tree_of(portal, "/releases/archive/1")
    assert "Visas šīs lapas preses relīzes ir atsauktas." in tree.text_content()


def test_archive_pages_of_a_renamed_category_redirect(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="1").imported(*years((2007, 2)))
    portal.feeds("categories", "rename", "kultura", "Māksla")
    response = portal.client().get("/categories/kultura/archive/1")
    assert response.status_code == 301
    assert response.headers["Location"] == f"{BASE}/categories/maksla/archive/1"
    assert portal.client().get("/categories/maksla/archive/1").status_code == 200


def test_a_service_below_a_path_finds_its_own_files(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_BASE_URL="https://example.org/pr/feeds")
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    tree = html.fromstring(portal.client().get("/pr/feeds/").data)
    assert tree.xpath("//link[@rel='stylesheet']/@href") == ["/pr/feeds/style.css"]
    assert tree.xpath("//script/@src") == ["/pr/feeds/page.js"]
    assert tree.xpath("//form/@action") == ["/pr/feeds/categories"]
    client = portal.client()
    for name in ("style.css", "page.js", "feed.css"):
        assert client.get(f"/pr/feeds/{name}").status_code == 200
    feed = client.get("/pr/feeds/releases.atom").text
    assert '<?xml-stylesheet type="text/css" href="/pr/feeds/feed.css"?>' in feed


def test_an_error_page_shows_the_announcement(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00")
    portal.feeds("withdraw", "2010/05/04/a")
    client = portal.client()
    for response in (client.get("/nav"), client.get("/releases/2010/05/04/a"), client.post("/")):
        assert response.status_code in {404, 405, 410}
        assert "Darbība pārtraukta kopš 2022. gada 1. marta." in response.text


def test_there_is_no_link_to_releases_without_an_archive_page(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="2").imported(*years((2007, 5)))
    # As after an import that was killed before its end.
    portal.sql("DELETE FROM archive_page")
    assert tree_of(portal, "/").xpath("//nav[@class='turn']") == []


def test_errors_are_one_line_of_text_for_programs_and_a_page_for_people(portal: Portal) -> None:
    client = portal.imported(page("A", "Kultūra")).client()
    with portal.unavailable():
        for address in ("/releases.rss", "/feeds.opml"):
            response = client.get(address)
            assert response.status_code == 503
            assert response.content_type == "text/plain; charset=utf-8"
            assert response.text.count("\n") == 1
        response = client.get("/categories/kultura")
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "30"
        assert response.headers["Cache-Control"] == "no-store"
        assert "<h1>Arhīvs pašlaik nav pieejams</h1>" in response.text
        # The location of the store is not disclosed.
        assert str(portal.folder) not in response.text


def test_an_internal_error_gets_an_error_page(portal: Portal) -> None:
    def defect() -> str:
        raise LookupError("nonsense")

    client = portal.imported(page("A", "Kultūra")).client()
    client.application.testing = False
    client.application.add_url_rule("/defect", view_func=defect)
    client.application.add_url_rule("/defect.atom", "defect_atom", view_func=defect)
    shown = client.get("/defect")
    assert shown.status_code == 500
    assert shown.content_type == "text/html; charset=utf-8"
    assert "<h1>Radās kļūda</h1>" in shown.text
    plain = client.get("/defect.atom")
    assert (plain.status_code, plain.content_type) == (500, "text/plain; charset=utf-8")
    assert plain.text.count("\n") == 1
    assert "nonsense" not in plain.text
