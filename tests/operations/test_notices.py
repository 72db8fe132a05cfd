"""Notices are listed, and retracted if they were a mistake."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import pytest

from feeds.errors import RefusedError
from feeds.operations.notices import retract
from feeds.operations.suspend import resume, suspend
from tests.portal import START, Portal, page
from tests.visible import moved, revisions

pytestmark = pytest.mark.engines("sqlite", reason="the statements are the same on both")

FORMATS = ("atom", "rss", "json")
RESUMED = "Vortāla darbība atsākta."
DAY = timedelta(days=1)


def announced(portal: Portal, *command: str) -> str:
    """Run a command that announces something; return the id of the notice."""
    ran = portal.feeds(*command)
    found = re.search(r"begins with (tag:\S+)\.", ran.out)
    assert found, ran.err
    return found[1]


def titles(portal: Portal, address: str = "/releases.json") -> list[str]:
    return [item["title"] for item in portal.client().get(address).get_json()["items"]]


def notices(portal: Portal) -> list[str]:
    """Return the state and the title of each notice that the command lists."""
    return [line.partition(" (")[0] for line in portal.feeds("notices").out.splitlines()]


def test_corrections_leave_one_notice_in_the_feed(portal: Portal) -> None:
    portal.imported(page("Vecā"))
    for wrong in ("Pirmā", "Otrā"):
        entry_id = announced(portal, "suspend", "--title", wrong)
        assert portal.feeds("notices", "retract", entry_id).code == 0
    right = announced(portal, "suspend", "--title", "Īstā")
    feed = portal.client().get("/releases.json").get_json()
    assert [item["title"] for item in feed["items"]] == ["Īstā", "Vecā"]
    assert feed["items"][0]["id"] == right
    assert notices(portal) == ["running: Īstā", "retracted: Otrā", "retracted: Pirmā"]


@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of all steps")
def test_corrections_by_resuming_can_be_taken_out_afterwards(portal: Portal) -> None:
    """Two corrections leave five notices, until the mistakes are retracted."""
    portal.imported(page("Vecā"))
    wrong = []
    for title in ("Pirmā", "Otrā"):
        wrong.append(announced(portal, "suspend", "--title", title))
        portal.feeds("resume")
    portal.feeds("suspend", "--title", "Īstā")
    assert titles(portal) == ["Īstā", RESUMED, "Otrā", RESUMED, "Pirmā", "Vecā"]
    for entry_id in wrong:
        assert portal.feeds("notices", "retract", entry_id).code == 0
    for address in ("/releases.json", "/categories/pasvaldibas.json"):
        assert titles(portal, address) == ["Īstā", "Vecā"]
    assert json.loads(portal.feeds("status", "--json").out)["notice"]["title"] == "Īstā"


def test_a_retracted_notice_is_in_no_document(portal: Portal) -> None:
    portal.imported(page("A", category="Kultūra"), page("B", category="Sports"))
    client = portal.client(lambda: datetime.now(UTC) + timedelta(minutes=1))
    addresses = [
        f"{base}.{form}"
        for base in ("/releases", "/categories/kultura", "/categories/kultura+sports")
        for form in FORMATS
    ]
    before = {at: client.get(at).data for at in (*addresses, "/", "/categories/sports")}
    entry_id = announced(portal, "suspend")
    suspended = {address: client.get(address) for address in before}
    ran = portal.feeds("notices", "retract", entry_id)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"{entry_id} is retracted; no document contains it any more.\n"
        "Readers who have fetched it keep it.\n"
        "Publication is not suspended: releases of any date can be imported.\n"
    )
    for address, was in suspended.items():
        after = client.get(address)
        assert (after.status_code, after.data) == (200, before[address])
        assert after.headers["ETag"] != was.headers["ETag"] or address not in addresses
        assert after.last_modified is not None
        assert was.last_modified is not None
        assert after.last_modified > was.last_modified
    assert json.loads(portal.feeds("status", "--json").out)["state"] == "active"


def test_polls_are_no_longer_told_to_wait_a_day(portal: Portal) -> None:
    suspend(portal.store, portal.settings, START)
    client = portal.client(lambda: START + 40 * DAY)
    assert "max-age=86400" in client.get("/releases.atom").headers["Cache-Control"]
    (found,) = portal.sql("SELECT entry_id FROM notice")
    retract(portal.store, portal.settings, START + DAY, found[0])
    assert "max-age=900" in client.get("/releases.atom").headers["Cache-Control"]


def test_a_lifted_suspension_goes_together_with_its_resumption(portal: Portal) -> None:
    first = announced(portal, "suspend", "--title", "Pirmā")
    end = announced(portal, "resume")
    announced(portal, "suspend", "--title", "Otrā")
    announced(portal, "resume", "--text", "Otrais.")
    ran = portal.feeds("notices", "retract", end)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"feeds: It announces the end of {first}: retract that, and both are retracted.\n"
    )
    ran = portal.feeds("notices", "retract", first)
    assert ran.out == (
        f"{end} is retracted; no document contains it any more.\n"
        f"{first} is retracted; no document contains it any more.\n"
        "Readers who have fetched it keep it.\n"
    )
    assert titles(portal) == [RESUMED, "Otrā"]
    assert notices(portal) == [
        f"announced: {RESUMED}",
        "lifted: Otrā",
        f"retracted: {RESUMED}",
        "retracted: Pirmā",
    ]


def test_a_running_suspension_can_be_retracted_for_a_day(portal: Portal) -> None:
    notice = suspend(portal.store, portal.settings, START)
    later = notice.announced + DAY + timedelta(seconds=1)
    with pytest.raises(RefusedError, match="run `feeds resume` first"):
        retract(portal.store, portal.settings, later, notice.entry_id)
    assert len(titles(portal)) == 1
    resume(portal.store, portal.settings, later)
    assert len(retract(portal.store, portal.settings, later, notice.entry_id)) == 2
    assert titles(portal) == []
    second = suspend(portal.store, portal.settings, later)
    assert retract(portal.store, portal.settings, second.announced + DAY, second.entry_id)


def holding(portal: Portal) -> set[str]:
    """Return the feeds and archive documents with the notice of a resumption."""
    client = portal.client()
    pages = ["", *(f"/archive/{number}" for number in range(1, 8))]
    slugs = ("kultura", "sports", "vide")
    paths = {"releases": "releases"} | {slug: f"categories/{slug}" for slug in slugs}
    return {
        f"{name}{page}"
        for name, path in paths.items()
        for page in pages
        if RESUMED in client.get(f"/{path}{page}.json").text
    }


@pytest.mark.parametrize("newer", [0, 1, 2, 7])
@pytest.mark.engines("sqlite", reason="the stateful test runs on both engines")
def test_only_the_documents_that_contained_the_notices_change(
    another: Callable[..., Portal], newer: int
) -> None:
    portal = another(FEEDS_ENTRIES="2")
    texts = [page(f"A{n}", "Kultūra", f"2010-01-0{n} 12:00:00") for n in range(1, 5)]
    portal.imported_at(START, *texts, page("C", "Sports", "2010-01-01 12:00:00"))
    notice = suspend(portal.store, portal.settings, START + DAY)
    resume(portal.store, portal.settings, START + 2 * DAY)
    later = [page(f"B{n}", "Kultūra", f"2025-01-0{n + 1} 12:00:00") for n in range(newer)]
    # A feed that is complete has all notices, also older ones than its releases.
    portal.imported(*later, *(page(f"V{n}", "Vide", f"2025-02-0{n} 12:00:00") for n in (1, 2)))
    before = holding(portal)
    assert {"sports", "vide"} < before
    with moved(portal) as names:
        assert portal.feeds("notices", "retract", notice.entry_id).code == 0
        assert names() == before
    assert holding(portal) == set()


def test_retracting_again_or_what_does_not_exist_changes_nothing(portal: Portal) -> None:
    entry_id = announced(portal, "suspend")
    portal.feeds("notices", "retract", entry_id)
    before = revisions(portal)
    ran = portal.feeds("notices", "retract", entry_id)
    assert (ran.code, ran.out) == (0, f"{entry_id} was already retracted.\n")
    ran = portal.feeds("notices", "retract", "tag:x")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "feeds: There is no notice 'tag:x': `feeds notices` lists them all.\n"
    assert revisions(portal) == before


def test_the_list_has_the_dates_of_each_notice(portal: Portal) -> None:
    assert portal.feeds("notices").out == "Notices: none.\n"
    local = portal.settings.site.local
    days = [START + number * DAY for number in range(6)]
    first = suspend(portal.store, portal.settings, days[1], since=days[0], title="Pirmā")
    retract(portal.store, portal.settings, days[2], first.entry_id)
    second = suspend(portal.store, portal.settings, days[4], since=days[3], title="Otrā")
    end = resume(portal.store, portal.settings, days[5])
    assert portal.feeds("notices").out == (
        f"announced: {RESUMED} ({end.entry_id}), announced {local(days[5])}\n"
        f"lifted: Otrā ({second.entry_id}), since {local(days[3])}, announced {local(days[4])}, "
        f"lifted {local(days[5])}\n"
        f"retracted: Pirmā ({first.entry_id}), since {local(days[0])}, announced {local(days[1])}, "
        f"retracted {local(days[2])}\n"
    )
    portal.feeds("suspend", "--title", "Trešā")
    portal.feeds("suspend", "--amend", "--text", "Labots.")
    assert ", amended " in portal.feeds("notices").out.partition("\n")[0]


@pytest.mark.engines("sqlite", "postgresql", reason="the store gives the ids")
def test_the_id_of_a_retracted_notice_is_not_used_again(portal: Portal) -> None:
    entry_id = announced(portal, "suspend")
    portal.feeds("notices", "retract", entry_id)
    record = {"id": entry_id, "title": "A", "published": "2010-05-04T12:00:00Z", "body": "B"}
    ran = portal.feeds("import", portal.write("a.jsonl", json.dumps(record)))
    assert ran.code == 1
    assert "is that of a notice or feed of this service" in ran.err
    feed = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>tag:x</id><entry>'
        f"<title>A</title><id>{escape(entry_id)}</id><updated>2010-05-04T12:00:00Z</updated>"
        "<content>B</content></entry></feed>"
    )
    ran = portal.feeds("import", "--source", "feed", portal.write("a.atom", feed))
    assert "0 added, 0 changed, 0 unchanged, 0 skipped, 1 refused." in ran.out
    assert announced(portal, "suspend") != entry_id


def test_an_export_and_a_back_up_keep_a_notice_retracted(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    portal.imported(page("A"))
    entry_id = announced(portal, "suspend", "--title", "Kļūda")
    portal.feeds("notices", "retract", entry_id)
    copy = another()
    assert portal.feeds("export", portal.folder / "export.jsonl").code == 0
    assert copy.feeds("import", portal.folder / "export.jsonl").code == 0
    copies = [copy]
    if portal.url.startswith("sqlite"):
        assert portal.feeds("backup", portal.folder / "copy.db").code == 0
        copies.append(Portal(portal.folder, f"sqlite:///{portal.folder / 'copy.db'}"))
    for one in copies:
        assert one.feeds("notices").out == portal.feeds("notices").out
        assert titles(one) == ["A"]
        assert one.feeds("notices", "retract", entry_id).out.endswith("already retracted.\n")
