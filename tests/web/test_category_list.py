"""The list of all categories of a portal that has too many for its index, and its search."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from tests.portal import Portal, page
from tests.web.test_list_pages import BASE, tree_of

sqlite = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

LETTERS = "AĀBCČDEĒFGĢHIĪJKĶLĻMNŅOPRSŠTUŪVZŽ"
LIST = f"{BASE}/categories/list"
DAY = "2010-05-04T12:00:00+03:00"


def branches(count: int) -> list[str]:
    return [f"{LETTERS[n % len(LETTERS)]}nozare {n}" for n in range(count)]


def listing(portal: Portal, count: int) -> Portal:
    """Import releases of that many categories, of which Žnozare 32 has three and Dnozare 5 two."""
    names = branches(count)
    several = [names[0], names[32], names[5]], [names[1], names[32]]
    lines = [
        json.dumps({"title": f"R{n}", "published": DAY, "body": "B", "categories": of})
        for n, of in enumerate([*several, *(names[n : n + 50] for n in range(2, count, 50))])
    ]
    assert portal.feeds("import", portal.write("all.jsonl", "\n".join(lines))).code == 0
    return portal


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return a portal that no test changes."""
    return listing(Portal(tmp_path_factory.mktemp("many")).made(), 301)


def names_in(tree: Any) -> list[str]:
    return [a.text for a in tree.xpath("//ul[@class='categories']/li/div/a[@id]")]


def checked_in(tree: Any) -> list[str]:
    return list(tree.xpath("//input[@name='category'][@checked]/@value"))


@sqlite
def test_an_index_of_at_most_300_categories_lists_all(portal: Portal) -> None:
    tree = tree_of(listing(portal, 300), "/")
    assert sorted(names_in(tree)) == sorted(branches(300))
    assert tree.xpath("//form//button/text()") == ["Atvērt atzīmēto kategoriju plūsmu"]


def test_an_index_of_more_categories_lists_the_largest_and_links_to_the_others(
    many: Portal,
) -> None:
    tree = tree_of(many, "/")
    names = names_in(tree)
    assert names[:2] == ["Žnozare 32", "Dnozare 5"]
    assert len(names) == 40
    (link,) = tree.xpath(f"//a[@href='{LIST}/1']")
    assert link.text == "Visas kategorijas alfabēta secībā (301)"
    buttons = [(b.text, b.get("formaction")) for b in tree.xpath("//form//button")]
    assert buttons == [
        ("Meklēt", "/categories/list/1"),
        ("Atvērt atzīmēto kategoriju plūsmu", None),
        ("Paturēt šīs un atzīmēt vēl citas", "/categories/list/1"),
    ]


def test_every_category_is_on_a_page_of_the_list(many: Portal) -> None:
    names: list[str] = []
    slugs: list[str] = []
    places: dict[str, str] = {}
    address = f"{LIST}/1"
    while True:
        path = address.removeprefix(BASE)
        tree = tree_of(many, path)
        assert tree.xpath("//link[@rel='canonical']/@href") == [address]
        heading = tree.xpath("//h1")[0].text
        assert heading == f"Kategorijas, {path.rpartition('/')[2]}. lapa no 4"
        names += names_in(tree)
        boxes = tree.xpath("//input[@name='category']/@value")
        slugs += boxes
        targets = [f"{address}#category-{slug}" for slug in boxes]
        places |= dict(zip(targets, names_in(tree), strict=True))
        assert tree.xpath("//span[@class='feeds']/a/@href") == [
            f"{BASE}/categories/{slug}.{form}" for slug in boxes for form in ("atom", "rss", "json")
        ]
        letters = {a.text: a.get("href") for a in tree.xpath("//nav[@class='initials keeping']/a")}
        following = tree.xpath("//a[@rel='next']/@href")
        if not following:
            break
        (address,) = following
    assert address == f"{LIST}/4"
    assert sorted(names) == sorted(branches(301))
    assert len(set(slugs)) == 301
    # Latvian sorts A and Ā as one letter, and Č after C.
    assert list(letters) == list("ABCČDEFGĢHIJKĶLĻMNŅOPRSŠTUVZŽ")
    assert [places[target][0] for target in letters.values()] == list(letters)
    assert tree.xpath("//a[@rel='prev']/@href") == [f"{LIST}/3"]
    for number in ("5", "0", "x"):
        assert many.client().get(f"/categories/list/{number}").status_code == 404


def test_categories_are_found_by_a_part_of_their_name(many: Portal) -> None:
    tree = tree_of(many, "/categories/list/1?name=+kNOZARE++1+")
    assert tree.xpath("//h1")[0].text == "Kategorijas, kuru nosaukumā ir „kNOZARE 1”"
    assert tree.xpath("//input[@type='search']/@value") == ["kNOZARE 1"]
    assert tree.xpath("//link[@rel='canonical']") == []
    assert names_in(tree) == [
        name for letter in "KĶ" for name in sorted(branches(301)) if f"{letter}nozare 1" in name
    ]
    assert tree_of(many, "/categories/list/1?name=").xpath("//h1")[0].text.endswith("lapa no 4")


def test_a_search_has_as_many_pages_as_it_needs(many: Portal) -> None:
    tree = tree_of(many, "/categories/list/2?name=nozare+1&category=bnozare-2")
    assert len(names_in(tree)) == 1 + 11
    assert tree.xpath("//a[@rel='prev']/@href") == [f"{LIST}/1?name=nozare+1&category=bnozare-2"]
    assert tree.xpath("//a[@rel='next']") == []
    letters = tree.xpath("//nav[@class='initials keeping']/a/@href")
    assert letters[1].startswith(f"{LIST}/1?category=bnozare-2#category-")
    assert many.client().get("/categories/list/3?name=nozare+1").status_code == 404


def test_a_search_without_result_says_so(many: Portal) -> None:
    response = many.client().get('/categories/list/1?name="><b>')
    assert "„&#34;&gt;&lt;b&gt;”" in response.text
    assert "Neviena kategorija nav atrasta." in response.text
    assert '"><b>' not in response.text


def test_selected_categories_are_kept_from_page_to_page(many: Portal) -> None:
    query = "category=vnozare-30&category=anozare-0"
    kept = "?category=anozare-0&category=vnozare-30"
    tree = tree_of(many, f"/categories/list/1?{query}&category=nav&format=atom&name=")
    assert checked_in(tree) == ["anozare-0", "vnozare-30"]
    assert [heading.text for heading in tree.xpath("//h2")] == [
        "Atzīmētās kategorijas",
        "Pārējās kategorijas",
    ]
    slugs = tree.xpath("//input[@name='category']/@value")
    assert len(slugs) == len(set(slugs)) == 100 + 1
    assert tree.xpath("//a[@rel='next']/@href") == [f"{LIST}/2{kept}"]
    # The button that keeps what is checked stays on the page.
    tree = tree_of(many, f"/categories/list/2{kept}")
    assert checked_in(tree) == ["anozare-0", "vnozare-30"]
    assert tree.xpath("//button/@formaction")[1] == "/categories/list/2"
    assert tree.xpath("//link[@rel='canonical']/@href") == [f"{LIST}/2"]


def test_what_no_feed_can_combine_cannot_be_kept(many: Portal) -> None:
    query = "&".join(f"category=c{n}" for n in range(21))
    response = many.client().get(f"/categories/list/1?{query}")
    assert response.status_code == 404
    assert "ne vairāk kā 20 kategoriju" in response.text
    assert many.client().get("/categories/list/1?category=%C4%80").status_code == 404


@sqlite
def test_a_page_of_which_everything_is_selected_lists_it_once(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    tree = tree_of(portal, "/categories/list/1?category=kultura")
    assert names_in(tree) == ["Kultūra"]
    assert "Neviena kategorija" not in tree.text_content()


@sqlite
def test_a_portal_without_categories_has_an_empty_list(portal: Portal) -> None:
    tree = tree_of(portal, "/categories/list/1")
    assert names_in(tree) == []
    assert tree.xpath("//h1")[0].text == "Kategorijas, 1. lapa no 1"


@pytest.mark.slow
def test_the_list_and_the_search_follow_every_change(portal: Portal) -> None:
    client = listing(portal, 301).client()

    def shown(query: str = "") -> str:
        tree = html.fromstring(client.get(f"/categories/list/1{query}").text)
        return " ".join(tree.xpath("//ul[@class='categories']")[0].text_content().split())

    assert "Anozare 0" in shown("?name=ano")
    portal.feeds("categories", "rename", "anozare-0", "Āboli")
    assert "Āboli" in shown()
    assert "Āboli" in shown("?name=abo")
    assert "Anozare 0" not in shown()
    portal.imported(page("Jauna", "Abava"))
    assert "Abava" in shown("?name=aba")
    portal.imported(page("Vēl viena", "Abava"), page("Trešā", "Anozare 33"))
    for query in ("", "?name=aba"):
        assert shown(query).startswith("Abava 22 preses relīzes Atom")  # 2, also in words
    assert names_in(html.fromstring(client.get("/").text))[:2] == ["Žnozare 32", "Abava"]


@sqlite
def test_pages_with_a_selection_do_not_replace_cached_ones(another: Callable[..., Portal]) -> None:
    portal = listing(another(FEEDS_CACHE_MB="1"), 301)
    client = portal.client()
    feed = client.get("/categories/anozare-0.atom").data
    for n in range(20):
        shown = client.get(f"/categories/list/1?category=dnozare-5&category=nav-{n}")
        assert len(shown.data) > 2**20 / 20
    with portal.unavailable():
        assert client.get("/categories/anozare-0.atom").data == feed
        assert client.get("/categories/list/1?category=dnozare-5").status_code == 503
