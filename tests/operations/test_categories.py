"""Categories are listed, renamed and merged: URLs redirect, ids and dates stay."""

import json
import re
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.text.plain import one_line
from tests.portal import Portal, page
from tests.visible import moved, revisions

pytestmark = pytest.mark.engines("sqlite", reason="the statements are the same on both")

BASE = "https://feeds.example.org"
FORMATS = ("atom", "rss", "json")
DAYS = [f"2010-05-{day:02} 12:00:00" for day in range(1, 9)]

SPORTS = {
    "/categories/sports": "/categories/kultura",
    **{f"/categories/sports.{form}": f"/categories/kultura.{form}" for form in FORMATS},
    "/categories/dazadi+sports.atom": "/categories/dazadi+kultura.atom",
    "/categories/kultura+sports.atom": "/categories/kultura.atom",
    **{
        f"/categories/sports/archive/{n}{extension}": f"/categories/kultura{extension}"
        for n in (1, 2)
        for extension in ("", *(f".{form}" for form in FORMATS))
    },
}


def listed(portal: Portal) -> list[str]:
    ran = portal.feeds("categories")
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()


def test_the_categories_are_listed_with_their_counts_and_former_slugs(portal: Portal) -> None:
    assert listed(portal) == []
    portal.imported(page("A", "Sports"), page("B", "Kultūra"), page("C", "Kultūra"))
    assert listed(portal) == ["Kultūra (kultura): 2", "Sports (sports): 1"]
    portal.feeds("categories", "rename", "Kultūra", "Māksla")
    portal.feeds("categories", "rename", "maksla", "Kultūra un māksla")
    assert listed(portal) == [
        "Kultūra un māksla (kultura-un-maksla): 2, formerly kultura, maksla",
        "Sports (sports): 1",
    ]


def test_every_feed_and_page_has_the_new_name(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    ran = portal.feeds("categories", "rename", "Kultūra", "Māksla")
    assert (ran.code, ran.out) == (0, "Kultūra (kultura) is now Māksla (maksla).\n")
    client = portal.client()
    for address in (
        *(f"/releases.{form}" for form in FORMATS),
        *(f"/categories/maksla.{form}" for form in FORMATS),
        "/",
        "/categories/maksla",
        "/releases/2010/05/04/a",
    ):
        text = client.get(address).text
        assert "Māksla" in text
        assert "Kultūra" not in text
        assert "/categories/kultura" not in text


def test_ids_and_dates_stay(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    client = portal.client()

    def fixed(slug: str) -> list[object]:
        feed = client.get(f"/categories/{slug}.json").get_json()
        atom = client.get(f"/categories/{slug}.atom").text
        return [
            [(item["id"], item["url"], item["date_modified"]) for item in feed["items"]],
            re.findall("<(?:id|updated)>[^<]+<", atom),
        ]

    before = fixed("kultura"), fixed("kultura+sports")
    portal.feeds("categories", "rename", "Kultūra", "Māksla")
    assert (fixed("maksla"), fixed("maksla+sports")) == before


@pytest.mark.engines("sqlite", "postgresql", reason="the store finds the former slug")
def test_every_url_with_the_old_slug_redirects(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="1", FEEDS_BASE_URL="https://example.org/feeds")
    portal.imported(page("A", "Kultūra", DAYS[0]), page("B", "Sports"), page("C", "Kultūra"))
    client = portal.client()
    addresses = {
        **{f"/categories/kultura.{form}": f"/categories/zinas.{form}" for form in FORMATS},
        **{
            f"/categories/kultura/archive/1.{form}": f"/categories/zinas/archive/1.{form}"
            for form in FORMATS
        },
        "/categories/kultura": "/categories/zinas",
        # The canonical order has changed.
        "/categories/kultura+sports.atom": "/categories/sports+zinas.atom",
        "/categories/kultura+zinas.rss": "/categories/zinas.rss",
    }
    for address in list(addresses)[:-1]:
        assert client.get(f"/feeds{address}").status_code == 200
    portal.feeds("categories", "rename", "kultura", "Ziņas")
    for (old, new), method in product(addresses.items(), ("GET", "HEAD")):
        answer = client.open(f"/feeds{old}", method=method)
        assert (answer.status_code, answer.headers["Location"]) == (
            301,
            f"https://example.org/feeds{new}",
        )
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert client.get(f"/feeds{new}").status_code == 200
    for unknown in (
        "/categories/nav.atom",
        "/categories/kultura+nav.atom",
        "/categories/zinas/archive/9.atom",
        "/releases/archive/9.atom",
    ):
        assert client.get(f"/feeds{unknown}").status_code == 404


def test_a_category_can_get_a_former_name_again(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.feeds("categories", "rename", "Kultūra", "Māksla")
    assert portal.feeds("categories", "rename", "Māksla", "Kultūra").code == 0
    client = portal.client()
    assert client.get("/categories/kultura.atom").status_code == 200
    assert client.get("/categories/maksla").headers["Location"] == f"{BASE}/categories/kultura"


def test_an_import_that_names_the_old_label_joins_the_renamed_category(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.feeds("categories", "rename", "Kultūra", "Māksla")
    portal.imported(page("B", "Kultūra"), page("C", "Māksla"), page("D", "KULTŪRA"))
    assert listed(portal) == ["Māksla (maksla): 4, formerly kultura"]


def test_another_spelling_changes_only_the_name_and_stays(portal: Portal) -> None:
    portal.imported(page("A", "Kultura"))
    ran = portal.feeds("categories", "rename", "kultura", " KULTŪRA\n")
    assert ran.out == "Kultura (kultura) is now KULTŪRA (kultura).\n"
    assert portal.client().get("/categories/kultura.atom").status_code == 200
    portal.imported(page("B", "Kultūra"))
    assert listed(portal) == ["KULTŪRA (kultura): 2"]


def test_imports_do_not_respell_a_name_that_was_confirmed(portal: Portal) -> None:
    portal.imported(page("A", "Kultura"))
    before = revisions(portal)
    ran = portal.feeds("categories", "rename", "kultura", "Kultura")
    assert (ran.code, ran.out) == (0, "Kultura (kultura) already has this name.\n")
    assert revisions(portal) == before
    portal.imported(page("B", "Kultūra"))
    assert listed(portal) == ["Kultura (kultura): 2"]


def test_a_repeated_rename_takes_no_revision(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.feeds("categories", "rename", "Kultūra", "Māksla")
    before = revisions(portal)
    ran = portal.feeds("categories", "rename", "Kultūra", "Māksla")
    assert (ran.code, ran.out) == (0, "Māksla (maksla) already has this name.\n")
    assert revisions(portal) == before


@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of all documents")
def test_only_documents_that_name_the_category_change(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES="2")
    both = '{{"title": "{}", "published": "{}", "body": "x", "categories": {}}}\n'
    days = [f"2010-05-{day:02}T12:00:00+03:00" for day in range(1, 9)]
    lines = (
        both.format("A", days[0], '["Kultūra", "Sports"]'),
        both.format("B", days[1], '["Sports"]'),
        both.format("C", days[2], '["Sports"]'),
        both.format("D", days[3], '["Kultūra", "Daba"]'),
        both.format("E", days[4], '["Sports"]'),
        both.format("F", days[5], '["Sports"]'),
        both.format("G", days[6], '["Vide"]'),
    )
    ran = portal.feeds("import", portal.write("all.jsonl", "".join(lines)))
    assert ran.code == 0, ran.err
    with moved(portal) as names:
        portal.feeds("categories", "rename", "Kultūra", "Māksla")
    assert names() == {
        "maksla",
        "maksla/archive/1",
        # They hold A and D; the subscription document does not name the category.
        "releases/archive/1",
        "releases/archive/2",
        "sports/archive/1",
        # D is the newest release.
        "daba",
    }
    # Documents without releases name the category, too.
    for path in ("2010/05/01/a", "2010/05/04/d"):
        portal.feeds("withdraw", path)
    with moved(portal) as names:
        portal.feeds("categories", "rename", "Māksla", "Zinātne")
    assert names() == {"zinatne", "zinatne/archive/1"}


def test_a_better_spelling_from_an_import_changes_documents_that_name_it(portal: Portal) -> None:
    portal.imported(page("A", "Kultura"), page("B", "Sports"))
    with moved(portal) as names:
        portal.imported(page("C", "Kultūra"))
    assert names() == {"releases", "kultura"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nav", "Cits"), "There is no category 'nav': `feeds categories` lists them"),
        (("kultura", " \x01"), "A category's name must contain"),
        (("kultura", "SPORTS"), "'SPORTS' is or was the name of the category 'Sports' (sports)"),
        (("kultura", "Seno"), "'Seno' is or was the name of the category 'Jauno' (jauno)"),
    ],
)
def test_a_refused_rename_changes_nothing(
    portal: Portal, arguments: tuple[str, str], sentence: str
) -> None:
    portal.imported(page("A", "Kultūra"), page("B", "Sports"), page("C", "Seno"))
    portal.feeds("categories", "rename", "seno", "Jauno")
    before = revisions(portal), listed(portal)
    ran = portal.feeds("categories", "rename", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(f"feeds: {sentence}")
    assert (revisions(portal), listed(portal)) == before


def of_two_categories(portal: Portal) -> Portal:
    """Return the portal with six releases about sports, one of them about culture as well."""
    labels = [["Sports"]] * 4 + [["Kultūra"], ["Sports", "Dažādi", "Kultūra"], ["Sports"]]
    records = [
        {"title": f"R{n}", "published": day, "body": "B.", "categories": names}
        for n, (day, names) in enumerate(zip(DAYS, labels, strict=False))
    ]
    file = portal.folder / "releases.jsonl"
    file.write_text("\n".join(map(json.dumps, records)))
    assert portal.feeds("import", file).code == 0
    return portal


def test_merged_categories_are_one(another: Callable[..., Portal]) -> None:
    portal = of_two_categories(another(FEEDS_ENTRIES="2", FEEDS_BASE_URL="https://example.org/f"))
    portal.feeds("address", "add", "/rss.php", "/f/categories/sports.rss")
    client = portal.client()

    def items(name: str) -> dict[str, object]:
        found = client.get(f"/f/categories/{name}.json").get_json()["items"]
        return {item["id"]: (item["date_published"], item["date_modified"]) for item in found}

    before = items("sports") | items("kultura")
    feed_id = re.search("<id>[^<]+<", client.get("/f/categories/kultura.atom").text)
    assert [client.get(f"/f{address}").status_code for address in SPORTS] == [200] * len(SPORTS)
    foretold = portal.feeds("categories", "merge", "--dry-run", "Sports", "Kultūra")
    assert foretold.out == (
        "Sports (sports) would be part of Kultūra (kultura), with 7 releases in all.\n"
        "Entries of the feed of kultura that are new to subscribers of sports: 0, to its own: 1.\n"
        "Nothing was changed. A merge cannot be undone.\n"
    )
    assert listed(portal) == ["Dažādi (dazadi): 1", "Kultūra (kultura): 2", "Sports (sports): 6"]
    ran = portal.feeds("categories", "merge", "Sports", "Kultūra")
    assert ran.out == (
        "Sports (sports) is now part of Kultūra (kultura), with 7 releases in all.\n"
        "Entries of the feed of kultura that are new to subscribers of sports: 0, to its own: 1.\n"
    )
    assert listed(portal) == ["Dažādi (dazadi): 1", "Kultūra (kultura): 7, formerly sports"]
    for address, target in SPORTS.items():
        answer = client.get(f"/f{address}")
        assert (answer.status_code, answer.headers.get("Location")) == (
            301,
            f"https://example.org/f{target}",
        ), address
        assert client.get(f"/f{target}").status_code == 200
    assert client.get("/rss.php").headers["Location"].endswith("/f/categories/kultura.rss")
    after = items("kultura")
    assert all(before[id_] == dates for id_, dates in after.items() if id_ in before)
    feed = client.get("/f/categories/kultura.atom").text
    assert re.search("<id>[^<]+<", feed)[0] == feed_id[0]  # type: ignore[index]
    titles = re.findall(
        r"<title>(R\d)</title>",
        "".join(
            client.get(f"/f/categories/kultura{part}.atom").text
            for part in ("/archive/1", "/archive/2", "/archive/3", "")
        ),
    )
    assert set(titles) == {f"R{n}" for n in range(7)}
    # The main category of the release was Sports.
    (shared,) = [
        item["tags"] for item in client.get("/f/categories/dazadi.json").get_json()["items"]
    ]
    assert shared == ["Kultūra", "Dažādi"]
    # All releases of this one are in the other, too.
    portal.feeds("categories", "merge", "dazadi", "kultura")
    assert listed(portal) == ["Kultūra (kultura): 7, formerly dazadi, sports"]
    assert portal.feeds("check").code == 0


@pytest.mark.slow
def test_a_frozen_archive_redirects_the_archive_of_a_merged_category(
    another: Callable[..., Portal],
) -> None:
    portal = of_two_categories(another(FEEDS_ENTRIES="2"))
    portal.feeds("categories", "merge", "sports", "kultura")
    folder = portal.folder / "frozen"
    combined = portal.write("combined.txt", "/categories/kultura+sports.atom\n")
    for _ in range(2):
        ran = portal.feeds("freeze", "--combined", combined, folder)
        assert ran.code == 0, ran.err
    named = (folder / "current" / "manifest.sha256").read_text().splitlines()
    assert len(named) == len(set(named))
    redirects = (folder / "current" / "site" / "_redirects").read_text().splitlines()
    assert {
        f"{address} {BASE}{target} 301" for address, target in SPORTS.items() if "+" not in address
    } < set(redirects)


def test_the_categories_after_a_merged_one_move_up(portal: Portal) -> None:
    record = {
        "title": "A",
        "published": DAYS[0],
        "body": "B.",
        "categories": ["Sports", "Kultūra", "Daba"],
    }
    portal.feeds("import", portal.write("one.jsonl", json.dumps(record)))
    portal.feeds("categories", "merge", "sports", "kultura")
    assert portal.sql("SELECT position FROM membership ORDER BY position") == [(0,), (1,)]
    assert portal.feeds("check").code == 0


def test_addresses_of_a_merged_category_are_known(portal: Portal) -> None:
    links = " ".join(
        f'<a href="{BASE}/categories/sports{below}">x</a>'
        for below in ("", ".atom", "/archive/9.atom", "/releases/2010", "/releases/2010/05")
    )
    record = {"title": "A", "published": DAYS[0], "body_html": links, "categories": ["Sports"]}
    portal.feeds("import", portal.write("one.jsonl", json.dumps(record)))
    portal.imported(page("B", "Kultūra"))
    portal.feeds("categories", "merge", "sports", "kultura")
    ran = portal.feeds("check")
    assert (ran.code, ran.err) == (0, ""), ran.out


def test_imports_join_the_category_into_which_theirs_was_merged(portal: Portal) -> None:
    portal.imported(page("A", "Sports"), page("B", "Kultūra"))
    portal.feeds("categories", "merge", "Sports", "Kultūra")
    portal.imported(page("C", "Sports"), page("D", "Šports"))
    assert listed(portal) == ["Kultūra (kultura): 4, formerly sports"]
    portal.feeds("categories", "rename", "Kultūra", "Sports")
    portal.feeds("categories", "rename", "Sports", "Daba")
    # Its archive pages have been at this address, unlike those of the category that was merged.
    answer = portal.client().get("/categories/sports/archive/1.atom")
    assert answer.headers["Location"] == f"{BASE}/categories/daba/archive/1.atom"


def test_a_merge_of_what_is_no_pair_is_refused(portal: Portal) -> None:
    portal.imported(page("A", "Sports"))
    for pair, sentence in (
        (("sports", "nav"), "There is no category 'nav': `feeds categories` lists them"),
        (("sports", "Sports"), "'sports' and 'Sports' are the same category: name two of them."),
    ):
        ran = portal.feeds("categories", "merge", *pair)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"feeds: {sentence}")


NAMES = st.text(st.characters(codec=None, exclude_categories=()), max_size=100)


def test_a_name_that_is_too_long_for_an_import_is_refused(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    ran = portal.feeds("categories", "rename", "kultura", "K" * 2001)
    assert (ran.code, ran.err) == (
        1,
        "feeds: A category's name has at most 2000 characters: shorten it.\n",
    )


@pytest.mark.engines("sqlite", "postgresql", reason="each database refuses other texts")
@pytest.mark.slow
@settings(max_examples=15)
@given(old=NAMES, new=NAMES)
def test_any_name_is_accepted_or_refused_in_one_line(portal: Portal, old: str, new: str) -> None:
    portal.imported(page("A", "Kultūra"))
    ran = portal.feeds("categories", "rename", "--", f"{old}-nav", new)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    ran = portal.feeds("categories", "rename", "--", "kultura", new)
    if ran.code == 1:
        assert ran.err == (
            "feeds: A category's name must contain a letter or a digit: give another name.\n"
        )
        return
    (line,) = listed(portal)
    name, _, rest = line.rpartition(" (")
    assert name == one_line(new)
    address = f"/categories/{rest.partition(')')[0]}"
    client = portal.client()
    assert client.get(f"{address}.atom").status_code == 200
    if address != "/categories/kultura":
        assert client.get("/categories/kultura").headers["Location"] == f"{BASE}{address}"
