"""Releases that are imported again: how they are recognised, and what changes."""

import json
import os
import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from feeds.identity import rank, slug
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="an import does not depend on the engine")

FORMATS = ("atom", "rss", "json")


def ids(portal: Portal, address: str = "/releases.json") -> list[str]:
    items = portal.client().get(address).get_json()["items"]
    return [item["id"] for item in items]


def revision(portal: Portal) -> int:
    found = json.loads(portal.feeds("status", "--json").out)["revision"]
    assert isinstance(found, int)
    return found


WORDS = st.text('aābcčdeē gīi!?&<"東', min_size=1, max_size=8)
WORDS = WORDS.map(lambda text: " ".join(text.split())).filter(bool)  # as it is read
DAYS = st.integers(1, 3).map(lambda day: f"2010-05-0{day} 12:00:00")
RELEASES = st.lists(st.tuples(WORDS, WORDS, DAYS, WORDS), min_size=1, max_size=10)


@pytest.mark.engines("sqlite", "postgresql", reason="the store finds known releases")
def test_importing_the_same_pages_again_changes_nothing(portal: Portal) -> None:
    texts = [page(f"Relīze {n}") for n in range(5)]
    portal.imported(*texts)
    before = revision(portal)
    documents = [portal.client().get(f"/releases.{form}").data for form in FORMATS]
    ran = portal.feeds("import", portal.folder / "pages")
    assert ran.out.endswith("0 added, 0 changed, 5 unchanged, 0 skipped, 0 refused.\n")
    assert revision(portal) == before
    assert [portal.client().get(f"/releases.{form}").data for form in FORMATS] == documents


def test_a_page_in_another_encoding_is_unchanged(portal: Portal) -> None:
    portal.imported(page())
    before = revision(portal)
    path = portal.write("0000.txt", page().replace("\n", "\r\n").encode("cp1257"))
    ran = portal.feeds("import", path)
    assert "was read as Windows-1257" in ran.out
    assert ran.out.endswith("0 added, 0 changed, 1 unchanged, 0 skipped, 0 refused.\n")
    assert revision(portal) == before


def test_an_edited_body_is_a_change_that_keeps_the_id(portal: Portal) -> None:
    portal.imported(page(body="Vecs."), page("Cita", category="Cita kategorija"))
    (before,) = portal.client().get("/categories/pasvaldibas.json").get_json()["items"]
    untouched = portal.client().get("/categories/cita-kategorija.atom")
    ran = portal.feeds("import", portal.write("0000.txt", page(body="Jauns.")))
    assert ran.out.startswith(f"{portal.folder}/pages/0000.txt: changed ({before['id']}).\n")
    (after,) = portal.client().get("/categories/pasvaldibas.json").get_json()["items"]
    assert "Jauns." in after["content_html"]
    assert after["id"] == before["id"]
    assert after["url"] == before["url"]
    assert after["date_published"] == before["date_published"]
    assert after["date_modified"] > before["date_modified"]
    again = portal.client().get("/categories/cita-kategorija.atom")
    assert again.headers["Last-Modified"] == untouched.headers["Last-Modified"]


@pytest.mark.engines("sqlite", "postgresql", reason="the store replaces categories")
def test_a_moved_category_is_a_change_in_both(portal: Portal) -> None:
    portal.imported(page(category="Vecā"), page("Otra", category="Vecā"))
    portal.feeds("import", portal.write("0000.txt", page(category="Jaunā")))
    assert len(ids(portal, "/categories/veca.json")) == 1
    assert len(ids(portal, "/categories/jauna.json")) == 1
    assert len(ids(portal)) == 2
    counts = json.loads(portal.feeds("status", "--json").out)["categories"]
    assert counts == {"veca": 1, "jauna": 1}


def test_a_changed_title_or_instant_is_a_new_release_and_the_similar_one_is_named(
    portal: Portal,
) -> None:
    portal.imported(page("Liepkalnē atklāj tiltu"))
    ran = portal.feeds("import", portal.write("2.txt", page("Liepkalnē atklāj jauno tiltu")))
    assert "it resembles an earlier release, 2010/05/04/liepkalne-atklaj-tiltu." in ran.out
    ran = portal.feeds(
        "import",
        portal.write("3.txt", page("Liepkalnē atklāj tiltu", published="2010-05-04 13:00")),
    )
    assert "it resembles an earlier release, 2010/05/04/liepkalne-atklaj-tiltu." in ran.out
    ran = portal.feeds("import", portal.write("4.txt", page("Pavisam kas cits")))
    assert "resembles" not in ran.out
    assert len(ids(portal)) == 4


def test_releases_of_one_day_and_title_have_different_stable_addresses(portal: Portal) -> None:
    portal.imported(page(body="Rīts.", published="2010-05-04 08:00:00"))
    portal.imported(page(body="Vakars.", published="2010-05-04 20:00:00"))
    items = portal.client().get("/releases.json").get_json()["items"]
    addresses = [item["url"].removeprefix("https://feeds.example.org") for item in items]
    assert addresses[1] == "/releases/2010/05/04/liepkalne-atklaj-tiltu"
    assert re.fullmatch(re.escape(addresses[1]) + "~[0-9a-f]{8}", addresses[0])
    assert "Vakars." in portal.client().get(addresses[0]).text
    assert "Rīts." in portal.client().get(addresses[1]).text
    portal.feeds("import", portal.folder / "pages")
    again = portal.client().get("/releases.json").get_json()["items"]
    assert [item["url"] for item in again] == [item["url"] for item in items]


def test_a_second_version_of_a_release_in_one_import_is_refused(
    portal: Portal,
) -> None:
    portal.write("1.txt", page(body="Viens."))
    portal.write("2.txt", page(body="Divi."))
    portal.write("3.txt", page(body="Viens."))
    for first in ("1 added, 0 changed, 1 unchanged", "0 added, 0 changed, 2 unchanged"):
        ran = portal.feeds("import", portal.folder / "pages")
        assert ran.out.endswith(f"{first}, 0 skipped, 1 refused.\n")
        assert "2.txt: refused: the same release came earlier in this import" in ran.err


def test_releases_of_one_instant_are_ordered_by_rank(portal: Portal) -> None:
    portal.imported(*(page(f"R{n}", category=f"K{n % 2}") for n in range(120)))
    everything = [entry_id for (entry_id,) in portal.sql("SELECT entry_id FROM release")]
    for address, mine in (
        ("/releases.json", everything),
        (
            "/categories/k0.json",
            [id_ for id_ in everything if int(id_.rpartition("/r")[2]) % 2 == 0],
        ),
        ("/categories/k0+k1.json", everything),
    ):
        assert ids(portal, address) == sorted(mine, key=rank, reverse=True)[:50]


@pytest.mark.engines("sqlite", "postgresql", reason="the store finds the category")
def test_spellings_of_a_category_are_one_category_in_any_order_of_import(
    another: Callable[..., Portal],
) -> None:
    texts = [page("A", category="KULTURA"), page("B", category="Kultūra"), page("C", "Kultura")]
    for order in (texts, texts[::-1]):
        portal = another().imported(*order)
        (selection,) = html.fromstring(portal.client().get("/").data).xpath(
            "//ul[@class='categories']/li"
        )
        assert selection.xpath(".//a")[0].text == "Kultūra"
        assert "3 preses relīzes" in selection.text_content()
        assert len(ids(portal, "/categories/kultura.json")) == 3


def test_a_later_spelling_is_shown_in_every_document(portal: Portal) -> None:
    portal.imported(page("A", category="KULTURA"))
    before = portal.client().get("/releases.atom").headers
    portal.imported(page("B", category="Kultūra"))
    feed = portal.client().get("/releases.atom")
    assert feed.text.count('term="Kultūra"') == 2
    assert feed.headers["ETag"] != before["ETag"]


@pytest.mark.engines("sqlite", "postgresql", reason="the store orders releases")
@pytest.mark.slow
@settings(max_examples=4)
@given(RELEASES, st.randoms(use_true_random=False))
@pytest.mark.no_cover
def test_the_order_of_imports_changes_neither_ids_nor_bytes(
    another: Callable[..., Portal],
    releases: list[tuple[str, str, str, str]],
    order: random.Random,
) -> None:
    # Of two releases with one instant and slug the later is an edit of the earlier.
    distinct = {
        (slug(title), day): (title, *rest) for title, *rest in releases for day in rest[1:2]
    }
    texts = [page(title, category, day, body) for title, category, day, body in distinct.values()]
    one, other = another().imported(*texts), another()
    for text in order.sample(texts, len(texts)):
        other.imported(text)
    slugs = json.loads(one.feeds("status", "--json").out)["categories"]
    clients = one.client(), other.client()
    for address in ("/releases", *(f"/categories/{name}" for name in slugs)):
        for form in FORMATS:
            first, second = (client.get(f"{address}.{form}") for client in clients)
            assert first.data == second.data


def test_a_newer_derivation_with_the_same_result_is_unchanged(portal: Portal) -> None:
    portal.imported(page())
    before = revision(portal), portal.client().get("/releases.atom").data
    portal.sql("UPDATE release SET digest = 'of an older derivation'")
    ran = portal.feeds("import", portal.folder / "pages")
    assert ran.out.endswith("0 added, 0 changed, 1 unchanged, 0 skipped, 0 refused.\n")
    assert (revision(portal), portal.client().get("/releases.atom").data) == before


def test_an_edit_of_a_withdrawn_release_does_not_show_it(portal: Portal) -> None:
    portal.imported(page("A"), page("B"))
    portal.sql("UPDATE release SET withdrawn = 1 WHERE id = 1")
    portal.sql("DELETE FROM listing WHERE release = 1")
    portal.feeds("import", portal.write("0000.txt", page("A", body="Labots.")))
    assert len(ids(portal)) == 1
    assert portal.client().get("/releases/2010/05/04/a").status_code == 410


def test_ids_do_not_depend_on_the_zone_of_the_host_or_the_base_url(
    another: Callable[..., Portal], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = another().imported(page())
    monkeypatch.setitem(os.environ, "TZ", "America/New_York")
    other = another(FEEDS_BASE_URL="https://elsewhere.example/x").imported(page())
    assert ids(one) == ids(other, "/x/releases.json")
