import json
from datetime import UTC, datetime, timedelta

import pytest

from feeds.operations.suspend import suspend
from tests.portal import Portal, page


def test_status_prints_the_state_the_counts_and_the_last_import(portal: Portal) -> None:
    portal.imported(page("A", category="Kultūra"), page("B", category="Sports"))
    portal.feeds("import", portal.write("bad.txt", ""))
    out = portal.feeds("status").out
    assert out.startswith(
        "Active: publication is not suspended.\nReleases: 2 shown, 0 withdrawn. Categories: 2.\n"
    )
    assert "  Kultūra (kultura): 1\n" in out
    assert "0 added, 0 changed, 0 unchanged, 0 skipped, 1 refused.\n" in out
    portal.feeds("suspend", "--title", "Pauze")
    assert "  Pauze (tag:prcentrs.example,2008:suspension/" in portal.feeds("status").out


def test_status_as_json_has_the_same_facts(portal: Portal) -> None:
    empty = json.loads(portal.feeds("status", "--json").out)
    assert (empty["last_import"], empty["notice"], empty["releases"]) == (None, None, 0)
    assert "Last import: none.\n" in portal.feeds("status").out
    portal.imported(page("A", category="Kultūra"))
    portal.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00", "--title", "Pauze")
    found = json.loads(portal.feeds("status", "--json").out)
    assert found["state"] == "suspended"
    assert (found["notice"]["title"], found["notice"]["since"]) == (
        "Pauze",
        "2022-03-01T10:00:00+00:00",
    )
    assert (found["releases"], found["categories"]) == (1, {"kultura": 1})
    assert found["last_import"]["added"] == 1
    assert found["last_import"]["finished"] >= found["last_import"]["started"]
    assert found["revision"] > empty["revision"]


def test_changed_settings_are_reported_until_migrate_has_run(portal: Portal) -> None:
    portal.imported(page())
    before = portal.client().get("/releases.atom").headers
    portal.environ["FEEDS_TITLE"] = "Cits nosaukums"
    assert "run `feeds migrate`" in portal.feeds("status").out
    assert "every document has a new revision" in portal.feeds("migrate").out
    assert "run `feeds migrate`" not in portal.feeds("status").out
    after = portal.client().get("/releases.atom").headers
    assert after["ETag"] != before["ETag"]
    assert after.get("Last-Modified") != before["Last-Modified"]
    assert (
        portal.feeds("migrate").out
        == f"The store {portal.store.name} has the current schema (0001).\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "other", [{"FEEDS_AUTHORITY": "other.example"}, {"FEEDS_AUTHORITY_YEAR": "2009"}]
)
def test_another_authority_than_that_of_the_store_is_refused(
    portal: Portal, other: dict[str, str]
) -> None:
    path = portal.write("a.txt", page())
    minted = f"{portal.settings.authority},{portal.settings.authority_year}"
    portal.environ |= other
    for command in (("import", path), ("suspend",), ("migrate",), ("status",)):
        ran = portal.feeds(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.endswith(
            f" are not those of this store ({minted}), whose identifiers are permanent: "
            "set them back.\n"
        )
    with (
        pytest.raises(AssertionError, match="the server ended"),
        portal.served(),
    ):
        pytest.fail("the service started")


def test_a_store_whose_last_change_is_in_the_future_is_warned_of(portal: Portal) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    suspend(portal.store, portal.settings, ahead)
    warning = portal.feeds("status").err
    assert warning.startswith("feeds: The last change of the release store is dated ")
    assert "in the future" in warning
    resumed = portal.feeds("resume")
    assert (resumed.code, resumed.err) == (0, warning)


def test_commands_within_one_second_are_not_warned_of(portal: Portal) -> None:
    for _ in range(3):
        portal.feeds("suspend")
        portal.feeds("resume")
    assert portal.feeds("status").err == ""
