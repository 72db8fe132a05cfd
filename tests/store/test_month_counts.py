"""The stored number of releases of each month equals the number that is shown."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.periods import Period
from tests.portal import Portal, page


def stored(portal: Portal) -> dict[str, dict[str, int]]:
    """Return the stored counts by the slug of the selection."""
    with portal.store.read() as state:
        selections = [state.everything(), *state.categories()]
        return {
            "+".join(category.slug for category in selection.categories): {
                str(month): count for month, count in state.months(selection).items()
            }
            for selection in selections
        }


def counted(portal: Portal) -> dict[str, dict[str, int]]:
    """Count the releases shown by each selection."""
    site = portal.settings.site
    with portal.store.read() as state:
        selections = [state.everything(), *state.categories()]
        return {
            "+".join(category.slug for category in selection.categories): dict(
                Counter(
                    f"{site.local(release.published):%Y/%m}"
                    for release in state.newest_headlines(selection, 999)
                )
            )
            for selection in selections
        }


def test_a_month_is_one_of_the_portals_zone(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_TIMEZONE="America/New_York")
    portal.imported(page(published="2008-01-01 00:30:00"), page(published="2009-06-01 12:00:00"))
    assert stored(portal) == counted(portal)
    assert stored(portal)[""] == {"2008/01": 1, "2009/06": 1}
    portal.write("utc.jsonl", '{"title": "A", "body": "A", "published": "2008-01-01T00:30:00Z"}')
    assert portal.feeds("import", portal.folder / "pages").code == 0
    assert stored(portal)[""] == {"2007/12": 1, "2008/01": 1, "2009/06": 1}


def test_migrate_counts_again_if_the_counts_may_be_of_other_zone_data(portal: Portal) -> None:
    portal.imported(page("A", published="2008-01-01 00:30:00"), page("B"))
    before = stored(portal)
    portal.sql("UPDATE month_count SET year = 2007, month = 12 WHERE year = 2008")
    portal.environ["FEEDS_TITLE"] = "Cits"
    assert portal.feeds("migrate").code == 0
    assert stored(portal) == counted(portal) == before


def test_counts_follow_edits_withdrawals_and_restorations(portal: Portal, tmp_path: Path) -> None:
    lines = tmp_path / "releases.jsonl"

    def state(published: str, category: str) -> None:
        lines.write_text(
            '{"id": "urn:x:1", "title": "A", "body": "B", '
            f'"published": "{published}", "categories": ["{category}"]}}\n'
        )
        assert portal.feeds("import", lines).code == 0

    state("2008-05-01T12:00:00Z", "Kultūra")
    state("2009-05-01T12:00:00Z", "Sports")
    assert stored(portal) == {"": {"2009/05": 1}, "kultura": {}, "sports": {"2009/05": 1}}
    portal.feeds("withdraw", "2008/05/01/a")
    assert stored(portal) == {"": {}, "kultura": {}, "sports": {}}
    portal.feeds("restore", "2008/05/01/a")
    assert (
        stored(portal)
        == counted(portal)
        == {"": {"2009/05": 1}, "kultura": {}, "sports": {"2009/05": 1}}
    )


def test_the_releases_of_an_interval_are_read_on_each_engine(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="2")
    days = (
        "2009-10-31 23:59:59",
        "2009-11-01 00:00:00",
        "2009-11-30 23:59:59",
        "2009-12-01 00:00:00",
    )
    portal.imported(*(page(f"R{n}", published=day) for n, day in enumerate(days)))
    zone = portal.settings.timezone
    with portal.store.read() as state:
        everything = state.everything()
        interval = Period(2009, 11).interval(zone)
        found = state.headlines_between(everything, *interval, 9)
        assert [release.title for release in found] == ["R2", "R1"]
        assert [one.title for one in state.headlines_between(everything, *interval, 1)] == ["R2"]
        assert [state.count_between(everything, *interval, most) for most in (1, 9)] == [1, 2]
        beside = state.neighbours_of_interval(everything, *interval)
        assert [release and release.title for release in beside] == ["R0", "R3"]
        dates = state.page_dates(everything, [1, 2, 3])
        assert [number for number, *_ in dates] == [1, 2]
        at = [
            f"{day.astimezone(zone):%Y-%m-%d %H:%M:%S}" for _, *pair in dates for day in pair if day
        ]
        assert tuple(at) == days
    for number in (2, 3):
        portal.feeds("withdraw", f"2009/{10 + number - 1}/{(30, 1)[number - 2]:02}/r{number}")
    with portal.store.read() as state:
        assert state.page_dates(state.everything(), [2]) == [(2, None, None)]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["import", "withdraw", "restore"]),
        st.integers(0, 4),
        st.integers(2005, 2008),
        st.sampled_from(["Kultūra", "Sports"]),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=8)
@given(CHANGES)
def test_counts_are_right_after_any_sequence_of_changes(
    another: Callable[..., Portal], changes: list[tuple[str, int, int, str]]
) -> None:
    portal = another()
    path = portal.folder / "one.jsonl"
    for what, number, year, category in changes:
        if what == "import":
            path.write_text(
                f'{{"id": "urn:x:{number}", "title": "R{number}", "body": "B", '
                f'"published": "{year}-12-31T23:00:00Z", "categories": ["{category}"]}}\n'
            )
            portal.feeds("import", path)
        else:
            found = dict(portal.sql("SELECT title, path FROM release"))
            if f"R{number}" in found:
                portal.feeds(what, found[f"R{number}"])
    assert stored(portal) == counted(portal)
