"""Releases are withdrawn and restored."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portal import Portal, page
from tests.visible import moved, revisions

pytestmark = pytest.mark.engines("sqlite", reason="the statements are the same on both")

FORMATS = ("atom", "rss", "json")
BASE = "https://feeds.example.org"
DAYS = ["2010-05-04 12:00:00", "2010-05-05 12:00:00", "2010-05-06 12:00:00", "2010-05-07 12:00:00"]


def known(portal: Portal, path: str) -> Any:
    return next(id_ for at, id_ in portal.sql("SELECT path, entry_id FROM release") if at == path)


@pytest.fixture
def four(another: Callable[..., Portal]) -> Portal:
    """Return a portal of four releases, two to an archive page; B alone is of Sports."""
    portal = another(FEEDS_ENTRIES="2")
    return portal.imported(
        page("A", "Kultūra", DAYS[0]),
        page("B", "Sports", DAYS[1]),
        page("C", "Kultūra", DAYS[2]),
        page("D", "Kultūra", DAYS[3]),
    )


def test_a_withdrawn_release_is_gone_from_every_feed_and_page(portal: Portal) -> None:
    portal.imported(page("Aizliegts", "Kultūra"), page("Cits", "Kultūra"))
    client = portal.client()
    addresses = [
        *(f"/releases.{form}" for form in FORMATS),
        *(f"/categories/kultura.{form}" for form in FORMATS),
        "/",
        "/categories/kultura",
    ]
    before = {address: client.get(address) for address in addresses}
    assert all("Aizliegts" in response.text for response in before.values())
    ran = portal.feeds("withdraw", "2010/05/04/aizliegts")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"{known(portal, '2010/05/04/aizliegts')} is withdrawn; its page answers 410.\n"
        "No feed or page shows it any more, but readers who have fetched it keep it. `feeds "
        "restore` shows it again.\n"
    )
    for address, was in before.items():
        after = client.get(address)
        assert after.status_code == 200
        assert "Aizliegts" not in after.text
        assert "Cits" in after.text
        assert after.headers["ETag"] != was.headers["ETag"]


def test_the_page_of_a_withdrawn_release_answers_410(portal: Portal) -> None:
    portal.imported(page("A"))
    client = portal.client()
    assert client.get("/releases/2010/05/04/a").status_code == 200
    portal.feeds("withdraw", "2010/05/04/a")
    for method in ("GET", "HEAD"):
        gone = client.open("/releases/2010/05/04/a", method=method)
        assert gone.status_code == 410
        assert gone.content_type == "text/html; charset=utf-8"
    assert "<h1>Šī preses relīze ir atsaukta</h1>" in client.get("/releases/2010/05/04/a").text
    assert client.get("/releases/2010/05/04/b").status_code == 404
    with portal.unavailable():
        assert client.get("/releases/2010/05/04/a").status_code == 503


@pytest.mark.parametrize(
    "named",
    ["2010/05/05/b", "/releases/2010/05/05/b", "releases/2010/05/05/b", "/2010/05/05/b",
     "/pr/releases/2010/05/05/b", "https://feeds.example.org/pr/releases/2010/05/05/b"],
)  # fmt: skip
def test_a_release_can_be_named_by_any_form_of_its_url(four: Portal, named: str) -> None:
    four.environ["FEEDS_BASE_URL"] = "https://feeds.example.org/pr"
    assert four.feeds("withdraw", named).code == 0
    assert four.client().get("/pr/releases/2010/05/05/b").status_code == 410


def test_withdrawn_releases_are_listed_until_they_are_restored(four: Portal) -> None:
    assert four.feeds("withdraw").out == "Withdrawn releases: none.\n"
    id_ = known(four, "2010/05/05/b")
    four.feeds("withdraw", "2010/05/05/b")
    assert four.feeds("withdraw").out == f"2010/05/05/b: B ({id_})\n"
    assert "Releases: 3 shown, 1 withdrawn." in four.feeds("status").out
    four.feeds("restore", "2010/05/05/b")
    assert four.feeds("withdraw").out == "Withdrawn releases: none.\n"


@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of all steps")
def test_a_restored_release_is_as_it_was(four: Portal) -> None:
    client = four.client()
    addresses = ["/releases.atom", "/releases/archive/1.json", "/releases/2010/05/05/b", "/"]
    before = {address: client.get(address).data for address in addresses}
    assert four.feeds("withdraw", "2010/05/05/b").code == 0
    assert client.get("/releases/archive/1.json").data != before["/releases/archive/1.json"]
    ran = four.feeds("restore", "2010/05/05/b")
    assert ran.out == (
        f"{known(four, '2010/05/05/b')} is shown again.\n"
        "It has its old place, id and dates: readers who have fetched it before see nothing new, "
        "others find it there.\n"
    )
    assert {address: client.get(address).data for address in addresses} == before


@pytest.mark.parametrize(
    ("path", "selections"),
    [
        # B is on the older archive page; its category has no archive page.
        ("2010/05/05/b", {"releases/archive/1", "sports"}),
        # D is the newest release.
        ("2010/05/07/d", {"releases", "releases/archive/2", "kultura"}),
    ],
)
def test_only_documents_that_show_the_release_change(
    four: Portal, path: str, selections: set[str]
) -> None:
    for command in ("withdraw", "restore"):
        with moved(four) as names:
            assert four.feeds(command, path).code == 0
        assert names() == selections


def test_a_repeated_command_takes_no_revision(portal: Portal) -> None:
    portal.imported(page("A"))
    entry_id = known(portal, "2010/05/04/a")
    for command, sentence in (
        ("restore", "was not withdrawn"),
        ("withdraw", "was already withdrawn"),
    ):
        portal.feeds(command, entry_id)
        before = revisions(portal)
        ran = portal.feeds(command, entry_id)
        assert (ran.code, ran.out) == (0, f"{entry_id} {sentence}.\n")
        assert revisions(portal) == before


@pytest.mark.engines("sqlite", "postgresql", reason="the store finds it")
def test_a_release_can_be_named_by_its_id_path_or_url(portal: Portal) -> None:
    portal.imported(page("A"))
    entry_id = known(portal, "2010/05/04/a")
    for named in (
        entry_id,
        "2010/05/04/a",
        "/releases/2010/05/04/a",
        f"{BASE}/releases/2010/05/04/a",
    ):
        assert portal.feeds("withdraw", named).out.startswith(f"{entry_id} is withdrawn; ")
        assert portal.feeds("restore", named).out.startswith(f"{entry_id} is shown again.\n")


def test_an_import_updates_a_withdrawn_release_without_showing_it(
    portal: Portal,
) -> None:
    portal.imported(page("A", "Kultūra"))
    portal.feeds("withdraw", "2010/05/04/a")
    with moved(portal) as names:
        portal.imported(page("A", "Kultūra"))
        portal.imported(page("A", "Kultūra", body="Cits teksts."))
        assert portal.client().get("/releases.json").get_json()["items"] == []
        assert portal.client().get("/releases/2010/05/04/a").status_code == 410
    assert names() == set()
    portal.feeds("restore", "2010/05/04/a")
    (item,) = portal.client().get("/categories/kultura.json").get_json()["items"]
    assert "Cits teksts." in item["content_html"]


def test_a_release_later_than_a_suspension_is_not_restored(portal: Portal) -> None:
    portal.imported(page("A", published=DAYS[0]), page("B", published=DAYS[3]))
    portal.feeds("withdraw", "2010/05/04/a")
    portal.feeds("withdraw", "2010/05/07/b")
    assert portal.feeds("suspend", "--since", "2010-05-05T00:00:00+03:00").code == 0
    before = revisions(portal)
    ran = portal.feeds("restore", "2010/05/07/b")
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(
        r"feeds: tag:\S+ is dated 2010-05-07 12:00:00\+03:00, after the suspension began "
        r"\(2010-05-05 00:00:00\+03:00\): "
        r"correct that date with `feeds suspend --amend --since`, "
        r"or run `feeds resume` if publication goes on\.\n",
        ran.err,
    )
    assert revisions(portal) == before
    assert portal.feeds("restore", "2010/05/04/a").code == 0
    portal.feeds("resume")
    assert portal.feeds("restore", "2010/05/07/b").code == 0


def test_a_restored_release_can_cause_repagination(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="1")
    portal.imported(page("Pirmais", published=DAYS[0]), page("Otrais", published=DAYS[3]))
    late = [page(f"R{n}", published=f"2010-05-05 12:00:0{n}") for n in range(3)]
    portal.imported(*late)
    portal.feeds("withdraw", "2010/05/05/r0")
    portal.imported(page("R3", published=DAYS[2]))
    ran = portal.feeds("restore", "2010/05/05/r0")
    assert ran.out.splitlines()[2:] == [
        "The archive pages of all releases were repaginated from page 2 on.",
        "The archive pages of “Pašvaldības” were repaginated from page 2 on.",
    ]


NAMES = st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=60)


@settings(max_examples=40)
@given(named=NAMES, command=st.sampled_from(["withdraw", "restore"]))
def test_an_unknown_release_is_refused_in_one_line(
    portal: Portal, named: str, command: str
) -> None:
    ran = portal.feeds(command, "--", named)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("feeds: There is no release ")
    assert ran.err.count("\n") == 1


@pytest.mark.engines("sqlite", "postgresql", reason="each database refuses other texts")
@pytest.mark.parametrize("name", ["a\0b", "a\udcffb"])
def test_a_name_that_no_database_can_hold_is_no_release(portal: Portal, name: str) -> None:
    portal.imported(page("A"))
    ran = portal.feeds("withdraw", name)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("feeds: There is no release 'a")
