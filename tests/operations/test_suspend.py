import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from feeds.operations.suspend import resume, suspend
from tests.portal import BANNER, START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="the statements are the same on both")

FORMATS = ("atom", "rss", "json")
TITLE = "Vortāla darbība pārtraukta uz nenoteiktu laiku."


def items(portal: Portal, address: str = "/releases.json") -> list[dict[str, str]]:
    found = portal.client().get(address).get_json()["items"]
    assert isinstance(found, list)
    return found


def titles(portal: Portal) -> list[str]:
    return [item["title"] for item in items(portal)]


def test_the_notice_is_the_first_entry_of_every_feed_under_one_id(portal: Portal) -> None:
    portal.imported(page("A", category="Kultūra"), page("B", category="Sports"))
    # A category without releases has a feed, too.
    portal.feeds("import", portal.write("0001.txt", page("B", category="Kultūra")))
    ran = portal.feeds("suspend")
    assert ran.code == 0
    found = re.search(r"begins with (tag:\S+)\.", ran.out)
    assert found
    client = portal.client()
    for address in (
        "/releases",
        "/categories/kultura",
        "/categories/sports",
        "/categories/kultura+sports",
    ):
        for form in FORMATS:
            text = client.get(f"{address}.{form}").text
            assert text.count(found[1]) == 1
            assert f"{'Darbība pārtraukta.'}" in text
        first = client.get(f"{address}.json").get_json()["items"][0]
        assert first["id"] == found[1]
        assert first["title"] == TITLE
        assert first["url"] == "https://feeds.example.org/"
        assert first["date_published"] == first["date_modified"]
        assert BANNER in first["content_html"]
        assert "Darbība pārtraukta kopš " in first["content_html"]
    assert len(items(portal, "/categories/sports.json")) == 1
    assert client.get("/categories/kultura.json").get_json()["description"] == (
        "Preses relīzes: Kultūra. Darbība pārtraukta."
    )


def test_an_empty_portal_can_be_suspended(portal: Portal) -> None:
    assert portal.feeds("suspend").code == 0
    assert titles(portal) == [TITLE]


def test_the_notice_does_not_displace_a_release(portal: Portal) -> None:
    portal.environ["FEEDS_ENTRIES"] = "50"
    days = [f"2010-{1 + n // 28:02}-{1 + n % 28:02} 12:00:00" for n in range(60)]
    portal.imported(*(page(f"R{n}", published=day) for n, day in enumerate(days)))
    before = titles(portal)
    portal.feeds("suspend")
    assert titles(portal) == [TITLE, *before]
    assert len(before) == 50


def test_title_text_and_start_date_can_be_given(portal: Portal) -> None:
    ran = portal.feeds(
        "suspend",
        "--since",
        "2022-03-01T12:00:00+02:00",
        "--title",
        "Mēs\nbeidzam",
        "--text",
        "Viens & <divi>\n\nTrīs\x01",
    )
    assert ran.code == 0
    (item,) = items(portal)
    assert item["title"] == "Mēs beidzam"
    assert item["content_html"] == (
        "<p>Viens &amp; &lt;divi&gt;</p>\n<p>Trīs</p>\n"
        "<p>Darbība pārtraukta kopš 2022. gada 1. marta.</p>"
    )
    # Feed readers sort by date and would bury a back-dated entry.
    assert datetime.fromisoformat(item["date_published"]) > datetime.now(UTC) - timedelta(minutes=5)


def test_amending_changes_the_text_and_keeps_the_id(portal: Portal) -> None:
    portal.feeds("suspend")
    (before,) = items(portal)
    assert portal.feeds("suspend", "--amend", "--text", "Citi vārdi.").code == 0
    (after,) = items(portal)
    assert after["id"] == before["id"]
    assert after["title"] == before["title"]
    assert "Citi vārdi." in after["content_html"]
    assert after["date_published"] == before["date_published"]
    assert after["date_modified"] > before["date_modified"]
    status = portal.feeds("status", "--json").out
    assert portal.feeds("suspend", "--amend", "--text", "Citi vārdi.").code == 0
    assert portal.feeds("status", "--json").out == status


def later(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


@pytest.fixture(scope="module")
def unchanging(shared: Callable[..., Portal]) -> dict[str, tuple[Portal, tuple[str, bytes]]]:
    """Return a portal in each state that a command may refuse, and what it shows."""
    active = shared().imported(page(published="2010-05-04 12:00:00"))
    suspended = shared().imported(page(published="2010-05-04 12:00:00"))
    assert suspended.feeds("suspend").code == 0
    return {
        "active": (active, shown_state(active)),
        "suspended": (suspended, shown_state(suspended)),
    }


def shown_state(portal: Portal) -> tuple[str, bytes]:
    """Return what the command line and the service say about the state of a portal."""
    return portal.feeds("status", "--json").out, portal.client().get("/releases.atom").data


@pytest.mark.parametrize(
    ("state", "arguments", "sentence"),
    [
        (
            "active",
            ("suspend", "--since", "2010-05-04T11:59:59+03:00"),
            "before the newest release",
        ),
        ("active", ("suspend", "--since", "2010-05-04"), "give --since 2010-05-04T12:00:00,"),
        (
            "active",
            ("suspend", "--since", "2010-05-04"),
            "The suspension would begin at 2010-05-04, before",
        ),
        (
            "active",
            ("suspend", "--since", "2010-05-04T08:00:00Z"),
            "liepkalne-atklaj-tiltu): give --since 2010-05-04T09:00:00+00:00,",
        ),
        ("active", ("suspend", "--since", "soon"), "is not a date or a time"),
        ("active", ("suspend", "--since", "2022-03-01 12:60"), "is not a date or a time"),
        ("active", ("suspend", "--since", ""), "is not a date or a time"),
        ("active", ("suspend", "--since", "0001-01-01"), "is not a date or a time"),
        ("active", ("suspend", "--since", "0999-12-31T00:00:00+00:00"), "before the year 1000"),
        ("active", ("suspend", "--since", later(1)), "is in the future"),
        ("active", ("suspend", "--amend", "--text", "x"), "is not suspended"),
        ("active", ("resume",), "is not suspended"),
        ("suspended", ("suspend",), "is already suspended"),
        ("suspended", ("suspend", "--amend"), "--amend needs"),
        ("suspended", ("suspend", "--amend", "--text", ""), "--text is empty"),
        ("active", ("suspend", "--text", "\u200b"), "--text is empty"),
        ("active", ("suspend", "--title", " "), "--title is empty"),
        ("suspended", ("resume", "--text", ""), "--text is empty"),
        ("active", ("suspend", "--amend", "--since", later(-1)), "is not suspended"),
        ("suspended", ("suspend", "--amend", "--since", later(1)), "is in the future"),
        (
            "suspended",
            ("suspend", "--amend", "--since", "2010-05-04 11:59"),
            "give --since 2010-05-04T12:00:00,",
        ),
    ],
)
def test_a_refused_command_prints_one_line_and_changes_nothing(
    unchanging: dict[str, tuple[Portal, tuple[str, bytes]]],
    state: str,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    portal, before = unchanging[state]
    ran = portal.feeds(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert shown_state(portal) == before


def test_a_suspension_may_start_at_the_time_of_the_newest_release(portal: Portal) -> None:
    portal.imported(page(published="2010-05-04 12:00:00"))
    assert portal.feeds("suspend", "--since", "2010-05-04T12:00:00+03:00").code == 0


def test_resuming_adds_one_entry_and_ends_the_suspension(portal: Portal) -> None:
    portal.imported(page("Vecā"))
    portal.feeds("suspend")
    assert portal.feeds("resume", "--text", "Atkal strādājam.").code == 0
    assert titles(portal) == ["Vortāla darbība atsākta.", TITLE, "Vecā"]
    assert "Atkal strādājam." in items(portal)[0]["content_html"]
    feed = portal.client().get("/releases.json").get_json()
    assert feed["description"] == "Visas preses relīzes."
    assert json.loads(portal.feeds("status", "--json").out)["state"] == "active"


@pytest.mark.engines("sqlite", "postgresql", reason="it updates every selection")
def test_every_selection_takes_the_revision_of_a_suspension(portal: Portal) -> None:
    portal.imported(page("A", category="Kultūra"), page("B", category="Sports"))
    addresses = ("/releases.atom", "/categories/kultura.atom", "/categories/sports.atom")
    clock = lambda: datetime.now(UTC) + timedelta(minutes=1)  # noqa: E731
    before = [portal.client(clock).get(address).headers for address in addresses]
    portal.feeds("suspend")
    after = [portal.client(clock).get(address).headers for address in addresses]
    assert len({headers["Last-Modified"] for headers in after}) == 1
    for old, new in zip(before, after, strict=True):
        assert old["Last-Modified"] != new["Last-Modified"]
        assert old["ETag"] != new["ETag"]


@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of all steps")
def test_a_reader_that_polls_after_each_step_sees_each_notice_once_and_in_order(
    portal: Portal,
) -> None:
    seen: dict[str, str] = {}

    def poll() -> list[str]:
        found = items(portal)
        assert len({item["id"] for item in found}) == len(found)
        for item in reversed(found):
            seen.setdefault(item["id"], item["title"])
        return [item["title"] for item in found]

    first, second = "2022-03-01T12:00:00+02:00", None
    portal.imported(page("Viens", published="2010-01-01 12:00:00"))
    assert poll() == ["Viens"]
    portal.feeds("suspend", "--since", first, "--title", "Pirmā pauze")
    assert poll() == ["Pirmā pauze", "Viens"]
    portal.feeds(
        "import",
        portal.write("0000.txt", page("Viens", published="2010-01-01 12:00:00", body="Labots.")),
    )
    assert poll() == ["Pirmā pauze", "Viens"]
    portal.imported(page("Nulle", published="2009-01-01 12:00:00"))
    assert poll() == ["Pirmā pauze", "Viens", "Nulle"]
    portal.feeds("resume")
    assert poll() == ["Vortāla darbība atsākta.", "Pirmā pauze", "Viens", "Nulle"]
    ahead = (datetime.now(portal.settings.timezone) + timedelta(hours=1)).strftime(
        "%Y-%m-%d %H:%M:%S"
    )
    portal.imported(page("Divi", published=ahead))
    assert poll() == ["Divi", "Vortāla darbība atsākta.", "Pirmā pauze", "Viens", "Nulle"]
    assert "is dated in the future: suspend after" in portal.feeds("suspend").err
    moment = datetime.now(UTC) + timedelta(hours=2)
    second = suspend(portal.store, portal.settings, moment, title="Otrā pauze")
    assert poll() == [
        "Otrā pauze",
        "Divi",
        "Vortāla darbība atsākta.",
        "Pirmā pauze",
        "Viens",
        "Nulle",
    ]
    assert list(seen.values()) == [
        "Viens",
        "Pirmā pauze",
        "Nulle",
        "Vortāla darbība atsākta.",
        "Divi",
        "Otrā pauze",
    ]
    assert second.entry_id in seen


def test_a_lifted_notice_leaves_the_feed_by_its_date(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    portal = Portal(tmp_path_factory.mktemp("portal"), FEEDS_ENTRIES="2").made(START)
    noon = START + timedelta(hours=2)
    suspend(portal.store, portal.settings, START + timedelta(hours=1), title="Pauze")
    resume(portal.store, portal.settings, noon)
    local = noon.astimezone(portal.settings.timezone)

    def publish(*seconds: int) -> None:
        portal.imported(
            *(
                page(
                    f"Pēc {second}",
                    published=(local + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S"),
                )
                for second in seconds
            )
        )

    publish(0)
    # Above a release of the same instant.
    assert titles(portal) == ["Vortāla darbība atsākta.", "Pēc 0", "Pauze"]
    publish(5)
    assert titles(portal) == ["Pēc 5", "Vortāla darbība atsākta.", "Pēc 0", "Pauze"]
    publish(9)
    assert titles(portal) == ["Pēc 9", "Pēc 5"]
