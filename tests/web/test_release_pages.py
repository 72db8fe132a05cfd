"""The page of a release besides its text: neighbours, metadata and headers."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from feeds.text.targets import OF_PAGE
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

BASE = "https://feeds.example.org"
AT = "/releases/2010/05/04/"


def tree_of(portal: Portal, address: str) -> Any:
    response = portal.client().get(address)
    assert response.status_code == 200
    return html.fromstring(response.data)


def test_previous_and_next_are_those_of_the_category(portal: Portal) -> None:
    portal.imported(
        page("Viens", "Kultūra", "2010-05-01 12:00:00"),
        page("Cits", "Sports", "2010-05-02 12:00:00"),
        page("Divi", "Kultūra", "2010-05-03 12:00:00"),
        page("Trīs", "Kultūra", "2010-05-04 12:00:00"),
    )

    def neighbours(address: str) -> dict[str, str]:
        (nav,) = tree_of(portal, address).xpath("//nav[@class='beside']")
        assert nav.get("aria-label") == "Kultūra"
        return {a.get("rel"): a.get("href").removeprefix(BASE) for a in nav.xpath("a")}

    one, two, three = (f"/releases/2010/05/{day}" for day in ("01/viens", "03/divi", "04/tris"))
    assert neighbours(two) == {"prev": one, "next": three}
    assert neighbours(one) == {"next": two}
    assert neighbours(three) == {"prev": two}
    portal.feeds("withdraw", "2010/05/03/divi")
    assert neighbours(one) == {"next": three}


def test_neighbours_of_the_same_instant_follow_the_order_of_the_feed(
    portal: Portal,
) -> None:
    portal.imported(*(page(f"R{n}", "Kultūra") for n in range(5)))
    items = portal.client().get("/categories/kultura.json").get_json()["items"]
    address = items[0]["url"].removeprefix(BASE)
    walked = [address]
    while earlier := tree_of(portal, address).xpath("//nav[@class='beside']/a[@rel='prev']/@href"):
        address = earlier[0].removeprefix(BASE)
        walked.append(address)
    assert walked == [item["url"].removeprefix(BASE) for item in items]


def test_a_release_of_several_categories_has_neighbours_in_each(portal: Portal) -> None:
    path = portal.write(
        "a.jsonl",
        '{"title":"A","body":"B","published":"2010-05-04T12:00:00Z","categories":["Kultūra","Vide"]}',
    )
    assert portal.feeds("import", path).code == 0
    portal.imported(page("Vēl", "Vide", "2010-05-05 12:00:00"))
    tree = tree_of(portal, f"{AT}a")
    assert tree.xpath("//nav[@class='beside']/@aria-label") == ["Vide"]
    portal.imported(page("Un vēl", "Kultūra", "2010-05-01 12:00:00"))
    tree = tree_of(portal, f"{AT}a")
    assert tree.xpath("//nav[@class='beside']/@aria-label") == ["Kultūra", "Vide"]


def test_a_release_in_no_category_has_a_page(portal: Portal) -> None:
    path = portal.write("a.jsonl", '{"title":"A","body":"B","published":"2010-05-04T12:00:00Z"}')
    assert portal.feeds("import", path).code == 0
    tree = tree_of(portal, f"{AT}a")
    assert tree.xpath("//nav") == []
    assert [link.get("href") for link in tree.xpath("//link[@rel='alternate']")] == [
        f"{BASE}/releases.{form}" for form in ("atom", "rss", "json")
    ]


def test_a_page_describes_its_release_to_search_engines(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_TITLE="PR </script> & <co>")
    portal.imported(page("Zaļā </script><b>&amp; iela", "Kultūra", body="Īss teksts & <vēl>."))
    tree = tree_of(portal, f"{AT}zala-script-b-amp-iela")
    (script,) = tree.xpath("//script[@type='application/ld+json']")
    stated = json.loads(script.text)
    address = f"{BASE}{AT}zala-script-b-amp-iela"
    assert stated == {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": "Zaļā </script><b>&amp; iela",
        "description": "Īss teksts & <vēl>.",
        "url": address,
        "mainEntityOfPage": address,
        "datePublished": "2010-05-04T12:00:00+03:00",
        "dateModified": "2010-05-04T12:00:00+03:00",
        "inLanguage": "lv",
        "articleSection": ["Kultūra"],
        "author": {"@type": "Organization", "name": "PR </script> & <co>"},
        "publisher": {
            "@type": "Organization",
            "name": "PR </script> & <co>",
            "url": f"{BASE}/",
        },
    }


def test_a_page_describes_its_release_to_sites_that_share_it(portal: Portal) -> None:
    portal.imported(page("Izstāde", "Kultūra", body="Īss teksts."))
    tree = tree_of(portal, f"{AT}izstade")
    stated = {meta.get("property"): meta.get("content") for meta in tree.xpath("//meta[@property]")}
    assert stated == {
        "og:type": "article",
        "og:title": "Izstāde",
        "og:description": "Īss teksts.",
        "og:url": f"{BASE}{AT}izstade",
        "og:site_name": "PRCentrs.Lv",
        "article:published_time": "2010-05-04T12:00:00+03:00",
        "article:modified_time": "2010-05-04T12:00:00+03:00",
        "article:section": "Kultūra",
    }
    assert tree.xpath("//link[@rel='canonical']/@href") == [f"{BASE}{AT}izstade"]


def test_only_the_release_is_marked_with_its_language(portal: Portal) -> None:
    path = portal.write(
        "a.jsonl",
        '{"title":"A","body":"B","published":"2010-05-04T12:00:00Z","language":"en",'
        '"url":"https://old.example/1"}',
    )
    assert portal.feeds("import", path).code == 0
    tree = tree_of(portal, f"{AT}a")
    assert tree.xpath("//article/@lang") == ["en"]
    for name in ("published", "size", "original", "contact"):
        assert tree.xpath(f"//*[@class='{name}']/@lang") == ["lv"]


@pytest.mark.parametrize("address", ["/", "/categories/kultura", f"{AT}a", "/releases/archive/1"])
def test_a_page_has_validators_codings_and_security_headers(
    another: Callable[..., Portal], address: str
) -> None:
    portal = another(FEEDS_ENTRIES="1").imported(page("A", "Kultūra"))
    client = portal.client()
    response = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    of = "releases" if address in {"/", "/releases/archive/1"} else "categories/kultura"
    assert response.headers["Surrogate-Key"] == of
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in response.headers
    again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_feed_for_a_browser_has_security_headers(portal: Portal) -> None:
    client = portal.imported(page()).client()
    shown = client.get("/releases.atom", headers={"Accept": "application/xml"})
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert "Content-Security-Policy" not in client.get("/releases.atom").headers


def test_no_id_of_the_page_clashes_with_one_of_the_text(portal: Portal) -> None:
    portal.imported(page())
    (path,) = (item["url"] for item in portal.client().get("/releases.json").get_json()["items"])
    tree = tree_of(portal, path.removeprefix(BASE))
    assert set(tree.xpath("//*/@id")) == OF_PAGE
