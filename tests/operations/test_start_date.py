"""The start date of a suspension as people type it, its amendment, and the notice in a dry run."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="a date does not depend on the engine")


def notice(portal: Portal) -> Any:
    """Return the first entry of the feed of all releases."""
    return portal.client().get("/releases.json").get_json()["items"][0]


@pytest.mark.parametrize(
    ("stated", "understood"),
    [
        ("2022-03-01", "2022-03-01 00:00:00+02:00"),
        ("2022-07-01", "2022-07-01 00:00:00+03:00"),
        (" 2022-03-01 12:00", "2022-03-01 12:00:00+02:00"),
        ("2022-03-01T12:00:07", "2022-03-01 12:00:07+02:00"),
        ("2022-03-01t10:00:00.9z", "2022-03-01 12:00:00+02:00"),
        ("2022-03-01T12:00:00+05:30", "2022-03-01 08:30:00+02:00"),
        # The clocks were put back at 4:00 and forward at 3:00.
        ("2021-10-31 03:30", "2021-10-31 03:30:00+03:00"),
        ("2022-03-27 03:30", "2022-03-27 04:30:00+03:00"),
    ],
)
def test_a_start_date_is_understood_as_people_type_it(
    portal: Portal, stated: str, understood: str
) -> None:
    ran = portal.feeds("suspend", "--since", stated)
    assert (ran.code, ran.err) == (0, "")
    assert f"\n  Suspended since: {understood}\n" in ran.out
    (since,) = portal.sql("SELECT since FROM notice")[0]
    assert since == datetime.fromisoformat(understood).timestamp()


@given(stated=st.text() | st.datetimes().map(str) | st.datetimes().map(lambda at: at.isoformat()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
def test_no_start_date_fails_otherwise_than_by_a_refusal(portal: Portal, stated: str) -> None:
    ran = portal.feeds("suspend", "--dry-run", f"--since={stated}")
    assert ran.code == 0 or (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


@pytest.mark.engines("sqlite", reason="the store only has the newest release")
@pytest.mark.parametrize(
    ("published", "offered"),
    [
        ("2010-05-04T12:00:00+03:00", "2010-05-04T12:00:00"),
        # 3:30 came twice on that day.
        ("2010-10-31T03:30:00+03:00", "2010-10-31T03:30:00"),
        ("2010-10-31T03:30:00+02:00", "2010-10-31T03:30:00+02:00"),
    ],
)
def test_the_start_date_that_a_refusal_offers_is_accepted(
    portal: Portal, published: str, offered: str
) -> None:
    record = {"title": "A", "published": published, "body": "B"}
    portal.feeds("import", portal.write("a.jsonl", json.dumps(record)))
    ran = portal.feeds("suspend", "--since", "2010-05-04")
    assert f"give --since {offered}, which" in ran.err
    assert portal.feeds("suspend", "--since", offered).code == 0


@pytest.mark.parametrize("amend", [False, True])
def test_a_dry_run_prints_what_the_real_run_announces_and_changes_nothing(
    portal: Portal, amend: bool
) -> None:
    portal.imported(page("A", category="Kultūra"))
    if amend:
        portal.feeds("suspend")
    command = ["suspend", "--since", "2022-03-01", "--title", "Pauze", "--text", "Viens\n\nDivi"]
    if amend:
        command.append("--amend")
    before = portal.feeds("status", "--json").out, portal.client().get("/releases.atom").data
    foretold = portal.feeds(*command, "--dry-run")
    assert (foretold.code, foretold.err) == (0, "")
    after = portal.feeds("status", "--json").out, portal.client().get("/releases.atom").data
    assert after == before
    assert "\nNothing was changed." in foretold.out
    real = portal.feeds(*command)
    assert "Nothing was changed" not in real.out
    item, local = notice(portal), portal.settings.site.local
    assert item["id"] in real.out.partition("\n")[0]
    dates = ["published", "modified"] if amend else ["published"]
    for date in dates:
        shown = local(datetime.fromisoformat(item[f"date_{date}"]))
        name = {"published": "Published", "modified": "Updated"}[date]
        assert f"\n  {name}: {shown}\n" in real.out
    text = (
        "  Suspended since: 2022-03-01 00:00:00+02:00\n"
        "  Documents: 6 (2 feeds in 3 formats), and all combined feeds\n"
        "  Text:\n    Viens\n\n    Divi\n\n    Darbība pārtraukta kopš 2022. gada 1. marta.\n"
    )
    for ran in (foretold, real):
        assert "\n  Title: Pauze\n" in ran.out
        assert text in ran.out


def test_an_amended_start_date_changes_the_text_and_what_may_be_imported(portal: Portal) -> None:
    portal.imported(page("Vecā", published="2010-05-04 12:00:00"))
    portal.feeds("suspend", "--since", "2022-03-01")
    before = notice(portal)
    late = portal.write("late.txt", page("Vēlā", published="2022-03-09 12:00:00"))
    assert portal.feeds("import", late).code == 1
    ran = portal.feeds("suspend", "--amend", "--since", "2022-03-10")
    assert ran.out.endswith(
        "Releases dated until 2022-03-10 00:00:00+02:00 can be imported; before, those after "
        "2022-03-01 00:00:00+02:00 were refused.\n"
    )
    after = notice(portal)
    assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])
    assert after["date_modified"] > before["date_modified"]
    assert "Darbība pārtraukta kopš 2022. gada 10. marta." in after["content_html"]
    assert portal.feeds("import", late).code == 0
    ran = portal.feeds("suspend", "--amend", "--since", "2022-03-09 12:00")
    assert ran.out.endswith(
        "Releases dated after 2022-03-09 12:00:00+02:00 are refused; before, those until "
        "2022-03-10 00:00:00+02:00 could be imported.\n"
    )
    other = portal.write("other.txt", page("Cita", published="2022-03-09 12:00:01"))
    assert portal.feeds("import", other).code == 1
    status = portal.feeds("status", "--json").out
    ran = portal.feeds("suspend", "--amend", "--since", "2022-03-09T10:00Z")
    assert ran.out.startswith(f"Unchanged: {before['id']}.\n")
    assert "Releases dated" not in ran.out
    assert portal.feeds("status", "--json").out == status
