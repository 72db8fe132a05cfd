"""The pages of years, months and days: what they list, where they lead and what they answer."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from lxml import html

from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

BASE = "https://feeds.example.org"


def tree_of(portal: Portal, address: str) -> Any:
    response = portal.client().get(address)
    assert response.status_code == 200, response.text
    return html.fromstring(response.data)


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


def periods(tree: Any) -> list[str]:
    """Return the parts of a period with their numbers, as they are shown."""
    return [
        f"{item[0].text} {item.xpath('span//text()')[0].strip()}"
        for item in tree.xpath("//main/ul[@class='periods']/li")
    ]


def listed(tree: Any) -> list[str]:
    return [a.text for a in tree.xpath("//ol[@class='releases']//a[@class='title']")]


def turns(tree: Any) -> list[tuple[str, str, str]]:
    """Return class, relation and path of the links to other periods, which are given twice."""
    navs = [
        [(a.get("class"), a.get("rel"), a.get("href").removeprefix(BASE)) for a in nav]
        for nav in tree.xpath("//nav[@class='turn']")
    ]
    assert navs[:1] == navs[1:]
    return navs[0] if navs else []


@pytest.fixture
def small(portal: Portal) -> Portal:
    return portal.imported(
        page("Senā", "Kultūra", "2007-12-31 23:59:59"),
        page("Pirmā", "Kultūra", "2009-01-01 00:00:00"),
        page("Maija", "Sports", "2009-05-04 12:00:00"),
        page("Maija beigas", "Kultūra", "2009-05-31 23:59:59"),
        page("Jaunā", "Kultūra", "2012-05-04 12:00:00"),
    )


def test_a_year_leads_to_its_months_and_a_month_to_its_releases(small: Portal) -> None:
    tree = tree_of(small, "/releases/2009")
    assert text(tree.xpath("//h1")[0]) == "2009"
    assert text(tree.xpath("//main/p[@class='count']")[0]) == "3 preses relīzes"
    assert periods(tree) == ["2009. gada janvāris 1", "2009. gada maijs 2"]
    assert tree.xpath("//ul[@class='periods']/li/a/@href")[1] == f"{BASE}/releases/2009/05"
    previous, following = ("previous", "prev"), ("next", "next")
    assert turns(tree) == [(*previous, "/releases/2007"), (*following, "/releases/2012")]
    assert tree.xpath("//p[@class='above']/a/@href") == [f"{BASE}/"]
    tree = tree_of(small, "/releases/2009/05")
    assert text(tree.xpath("//h1")[0]) == "2009. gada maijs"
    assert text(tree.xpath("//title")[0]) == (
        "2009. gada maijs – Visas preses relīzes – PRCentrs.Lv"
    )
    assert listed(tree) == ["Maija beigas", "Maija"]
    assert turns(tree) == [(*previous, "/releases/2009/01"), (*following, "/releases/2012/05")]
    assert tree.xpath("//p[@class='above']/a/@href") == [f"{BASE}/", f"{BASE}/releases/2009"]
    assert tree.xpath("//link[@rel='canonical']/@href") == [f"{BASE}/releases/2009/05"]
    assert turns(tree_of(small, "/releases/2007/12")) == [(*following, "/releases/2009/01")]
    # Below a category.
    tree = tree_of(small, "/categories/kultura/releases/2009")
    assert periods(tree) == ["2009. gada janvāris 1", "2009. gada maijs 1"]
    tree = tree_of(small, "/categories/kultura/releases/2009/05")
    assert listed(tree) == ["Maija beigas"]
    assert tree.xpath("//p[@class='about']/a") == []
    assert tree.xpath("//p[@class='above']/a/@href") == [
        f"{BASE}/categories/kultura", f"{BASE}/categories/kultura/releases/2009"
    ]  # fmt: skip
    assert [link.get("href") for link in tree.xpath("//link[@rel='alternate']")] == [
        f"{BASE}{of}.{form}"
        for of in ("/categories/kultura", "/releases")
        for form in ("atom", "rss", "json")
    ]
    assert turns(tree_of(small, "/categories/sports/releases/2009")) == []


def test_what_has_no_release_gets_404_and_a_day_leads_to_its_month(small: Portal) -> None:
    client = small.client()
    for address in (
        "/releases/2008", "/releases/2009/02", "/releases/2009/13", "/releases/2009/5",
        "/releases/2009/05/05", "/releases/2009/02/30", "/releases/2009/02/01", "/releases/9999",
        "/releases/9999/12/31", "/releases/0000", "/releases/abcd", "/releases/2009/05/1",
        "/categories/sports/releases/2012", "/categories/sports/releases/2012/05/04",
        "/categories/nav/releases/2009", "/categories/nav/releases/2009/05/04",
        "/categories/a+b/releases/2009", "/categories/kultura/2009",
    ):  # fmt: skip
        response = client.get(address)
        assert (response.status_code, "<h1>Lapa nav atrasta" in response.text) == (404, True)
    for below in ("", "/categories/sports"):
        response = client.get(f"{below}/releases/2009/05/04")
        assert (response.status_code, response.headers["Location"]) == (
            301, f"{BASE}{below}/releases/2009/05"
        )  # fmt: skip
    assert client.get("/releases/2009/05/04/maija").status_code == 200
    small.feeds("withdraw", "2009/05/04/maija")
    assert client.get("/categories/sports/releases/2009/05").status_code == 404
    assert periods(tree_of(small, "/releases/2009"))[1] == "2009. gada maijs 1"
    small.feeds("categories", "rename", "kultura", "Māksla")
    for period in ("2009", "2009/05", "2009/05/31"):
        response = client.get(f"/categories/kultura/releases/{period}")
        assert response.status_code == 301
        assert response.headers["Location"] == f"{BASE}/categories/maksla/releases/{period}"


def test_the_list_of_categories_and_a_category_of_that_name_do_not_meet(portal: Portal) -> None:
    portal.imported(page("A", "List", "2001-05-04 12:00:00"))
    assert listed(tree_of(portal, "/categories/list/releases/2001/05")) == ["A"]
    assert text(tree_of(portal, "/categories/list/1").xpath("//h1")[0]).startswith("Kategorijas")


def test_a_period_has_the_validators_of_a_page(small: Portal) -> None:
    client = small.client(lambda: START + timedelta(days=3650))
    first = {name: client.get(name) for name in ("/releases/2009", "/releases/2009/05")}
    for address, response in first.items():
        assert response.headers["Last-Modified"] == client.get("/").headers["Last-Modified"]
        assert response.headers["Cache-Control"] == client.get("/").headers["Cache-Control"]
        again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    small.imported(page("Vēl", "Sports", "2009-05-05 12:00:00"))
    for address, response in first.items():
        again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, b"3" in again.data) == (200, True)


def test_a_month_with_many_releases_is_divided_into_days(another: Callable[..., Portal]) -> None:
    portal = another()
    begin = datetime(2009, 11, 5, 0, 0, 0)  # noqa: DTZ001 - local, as in the input
    instants = [begin + timedelta(seconds=n) for n in range(501)]
    instants += [datetime(2009, 11, 30, 23, 59, 59), datetime(2009, 12, 1), datetime(2009, 10, 31)]  # noqa: DTZ001 - the same
    lines = [
        json.dumps(
            {"title": f"R{n}", "body": "B", "published": f"{at:%Y-%m-%d %H:%M:%S}"}
            | {"categories": ["Kultūra"]}
        )
        for n, at in enumerate(instants)
    ]
    assert portal.feeds("import", portal.write("many.jsonl", "\n".join(lines))).code == 0
    for below in ("", "/categories/kultura"):
        tree = tree_of(portal, f"{below}/releases/2009/11")
        assert text(tree.xpath("//main/p[@class='count']")[0]) == "502 preses relīzes"
        assert periods(tree) == ["2009. gada 5. novembris 500+", "2009. gada 30. novembris 1"]
        assert listed(tree) == []
        tree = tree_of(portal, f"{below}/releases/2009/11/30")
        assert listed(tree) == ["R501"]
        assert text(tree.xpath("//h1")[0]) == "2009. gada 30. novembris"
        # A month that is not divided is linked as a whole.
        assert [path for *_, path in turns(tree)] == [
            f"{below}/releases/2009/11/05", f"{below}/releases/2009/12"
        ]  # fmt: skip
        tree = tree_of(portal, f"{below}/releases/2009/11/05")
        assert listed(tree) == [f"R{n}" for n in range(500, 0, -1)]
        assert tree.xpath("//main/p[@class='count']") == []
        (older,) = tree.xpath("//nav[@aria-label='Arhīvs']/a/@href")
        address, _, place = older.removeprefix(BASE).partition("#")
        (first,) = tree_of(portal, address).xpath(f"//li[@id='{place}']/a")
        assert first.text == "R0"
    client = portal.client()
    assert client.get("/releases/2009/11/06").status_code == 404
    # The addresses of days lead to their releases when the month has fewer again.
    for number in (0, 1):
        path = f"2009/11/05/r{number}"
        assert portal.feeds("withdraw", path).code == 0
    assert len(listed(tree_of(portal, "/releases/2009/11"))) == 500
    response = client.get("/releases/2009/11/05")
    assert (response.status_code, response.headers["Location"]) == (
        301, f"{BASE}/releases/2009/11"
    )  # fmt: skip


def test_releases_on_no_archive_page_follow_on_the_page_of_the_newest(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="1000")
    lines = [
        json.dumps(
            {"title": f"R{n}", "body": "B", "published": f"2009-11-05T10:{n // 60:02}:{n % 60:02}Z"}
        )
        for n in range(501)
    ]
    assert portal.feeds("import", portal.write("many.jsonl", "\n".join(lines))).code == 0
    tree = tree_of(portal, "/releases/2009/11/05")
    (older,) = tree.xpath("//nav[@aria-label='Arhīvs']/a/@href")
    assert older == f"{BASE}/"
    assert "R0" in listed(tree_of(portal, "/"))
