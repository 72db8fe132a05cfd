import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from feeds.operations.suspend import suspend
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="the facts are the same on both")


@pytest.mark.engines("sqlite", "postgresql", reason="the store counts")
def test_status_prints_the_state_the_counts_and_the_last_import(portal: Portal) -> None:
    portal.imported(page("A", category="Kultūra"), page("B", category="Sports"))
    portal.feeds("import", portal.write("bad.txt", ""))
    out = portal.feeds("status").out
    assert out.startswith(
        "Active: publication is not suspended.\nReleases: 2 shown, 0 withdrawn. Categories: 2.\n"
    )
    assert "  Kultūra (kultura): 1\n" in out
    assert "0 added, 0 changed, 0 unchanged, 0 skipped, 1 refused.\n" in out
    as_json = json.loads(portal.feeds("status", "--json").out)
    changed = portal.settings.site.local(datetime.fromisoformat(as_json["changed"]))
    assert out.endswith(f"Newest change: {changed} (revision {as_json['revision']}).\n")
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


def media(portal: Portal, **pictures: str) -> None:
    """Import a release for each body."""
    for id_, body in pictures.items():
        record = {"id": id_, "title": id_, "published": "2010-05-04", "body_html": body}
        path = portal.write(f"{id_}.jsonl", json.dumps(record))
        assert portal.feeds("import", path).code == 0


def images(addresses: Iterable[str]) -> str:
    return "".join(f'<p><img src="{address}" alt="A"></p>' for address in addresses)


@pytest.mark.engines("sqlite", "postgresql", reason="the store counts")
def test_the_hosts_of_pictures_and_attachments_are_named_the_largest_first(portal: Portal) -> None:
    media(portal, a="<p>A</p>")
    assert "Pictures and attachments: none.\n" in portal.feeds("status").out
    media(portal, a=images(["http://replaced.example/1"]))
    old = [f"https://Old.example:8080/{n}.png" for n in range(1204)]
    media(
        portal,
        a=images([*old, "http://cdn.example/1.png", "http://[/"]),
        b=images(["http://cdn.example/1.png", "http://cdn.example/2.png"]),
        c=images(["http://gone.example/1.png"]),
    )
    assert portal.feeds("withdraw", "/releases/2010/05/04/c").code == 0
    ran = portal.feeds("status")
    assert "Pictures and attachments: 1,204 on old.example, 3 on cdn.example.\n" in ran.out
    as_json = json.loads(portal.feeds("status", "--json").out)
    assert as_json["media_hosts"] == {"old.example": 1204, "cdn.example": 3}
    media(portal, a="<p>A</p>", b="<p>B</p>")
    assert "Pictures and attachments: none.\n" in portal.feeds("status").out


@pytest.mark.parametrize(
    ("hosts", "end"),
    [(11, "1 on h09.example, 1 on h10.example."), (12, "1 on h09.example, 2 on 2 other hosts.")],
)
def test_the_ten_largest_hosts_are_named(portal: Portal, hosts: int, end: str) -> None:
    media(portal, a=images(f"http://h{n:02}.example/1.png" for n in range(hosts)))
    (line,) = [line for line in portal.feeds("status").out.splitlines() if "Pictures" in line]
    assert line.endswith(end)
    assert line.startswith("Pictures and attachments: 1 on h00.example, 1 on h01.example, ")


def test_changed_settings_are_reported_until_migrate_has_run(portal: Portal) -> None:
    portal.imported(page())
    before = portal.client().get("/releases.atom").headers
    portal.environ["FEEDS_TITLE"] = "Cits nosaukums"
    assert "run `feeds migrate`" in portal.feeds("status").out
    assert "Every document has a new revision" in portal.feeds("migrate").out
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
