"""Several inputs that describe one release: its ids, its addresses and its content."""

import json
from collections.abc import Callable
from html import escape
from itertools import permutations
from typing import Any

import pytest

from tests.portal import Portal

pytestmark = pytest.mark.engines("sqlite", reason="an import does not depend on the engine")

SITE = "https://old.example"


def item(number: int, *, guid: str | None = None, link: str | None = None, **fields: str) -> str:
    """Return an item of RSS."""
    stated = {"title": f"Release {number}", "description": f"Text {number}."} | fields
    parts = [f"<{name}>{escape(text)}</{name}>" for name, text in stated.items()]
    parts.append(f"<pubDate>Mon, 0{number} Jan 2010 10:00:00 GMT</pubDate>")
    if guid:
        parts.append(f'<guid isPermaLink="false">{escape(guid)}</guid>')
    if link:
        parts.append(f"<link>{escape(link)}</link>")
    return f"<item>{''.join(parts)}</item>"


def rss(*items: str, site: str = SITE) -> str:
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Old</title><link>{site}/</link>{''.join(items)}</channel></rss>"
    )


def wxr(*items: str) -> str:
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:wp="http://wordpress.org/export/1.2/">'
        f"<channel><title>Old</title><link>{SITE}</link>{''.join(items)}</channel></rss>"
    )


def post(number: int, text: str, **fields: str) -> str:
    return item(number, **{"content:encoded": text}, **fields).replace(
        "</item>",
        f"<wp:post_date_gmt>2010-01-0{number} 10:00:00</wp:post_date_gmt>"
        "<wp:status>publish</wp:status><wp:post_type>post</wp:post_type></item>",
    )


def line(**fields: Any) -> str:
    return json.dumps({"title": "Release 1", "published": "2010-01-01T10:00:00Z"} | fields)


def items(portal: Portal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = portal.client().get("/releases.json").get_json()["items"]
    return found[::-1]


def guids(portal: Portal) -> list[str]:
    return [one["id"] for one in items(portal)]


def imported(portal: Portal, text: str, name: str = "in.xml") -> str:
    """Import a text; return what the command prints."""
    ran = portal.feeds("import", portal.write(name, text))
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.parametrize(
    "id_",
    [
        "https://old.example/?p=2&x=1",
        "urn:uuid:0b0d5a1e-1111-4111-8111-000000000007",
        "tag:a,2001:b",
    ],
)
def test_an_id_that_is_a_uri_is_the_id_in_every_format(portal: Portal, id_: str) -> None:
    imported(portal, rss(item(1, guid=f" {id_}\n", link=f"{SITE}/1")))
    assert guids(portal) == [id_]
    assert f"<id>{escape(id_)}</id>" in portal.client().get("/releases.atom").text


def test_an_id_that_is_no_uri_is_kept_where_the_format_allows_it(portal: Portal) -> None:
    imported(portal, rss(item(1, guid="1992 at https://old.example"), item(2, guid="1993")))
    assert guids(portal) == ["1992 at https://old.example", "1993"]
    feed = portal.client().get("/releases.rss").text
    assert '<guid isPermaLink="false">1992 at https://old.example</guid>' in feed
    atom = portal.client().get("/releases.atom").text
    assert atom.count("<id>tag:prcentrs.example,2008:id/") == 2
    again = imported(portal, rss(item(1, guid="1992 at https://old.example"), item(2, guid="1993")))
    assert "2 unchanged" in again
    assert portal.client().get("/releases.atom").text == atom


def test_an_id_that_is_no_uri_identifies_within_its_site(portal: Portal) -> None:
    imported(portal, rss(item(1, guid="17"), site="https://a.example"))
    imported(portal, rss(item(2, guid="17"), site="https://b.example"))
    first, second = guids(portal)
    assert first == "17"
    assert second.startswith("tag:prcentrs.example,2008:id/")
    assert "1 unchanged" in imported(portal, rss(item(2, guid="17"), site="https://b.example"))


def test_an_id_of_our_own_feed_is_that_of_the_release_shown_under_it(portal: Portal) -> None:
    imported(portal, rss(item(1, guid="17"), site="https://a.example"))
    own = rss(item(1, guid="17"), site="https://feeds.example.org")
    assert "0 added" in imported(portal, own)
    assert len(items(portal)) == 1


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
def test_our_own_feed_adds_and_changes_nothing(portal: Portal, form: str) -> None:
    imported(
        portal,
        line(body="A", id="17", url=f"{SITE}/1") + "\n" + line(title="B", body="B"),
        "a.jsonl",
    )
    before = portal.client().get("/releases.atom").text
    out = imported(portal, portal.client().get(f"/releases.{form}").text, f"own.{form}")
    assert "0 added, 0 changed, 2 unchanged, 0 skipped, 0 refused." in out
    assert portal.client().get("/releases.atom").text == before


def test_the_id_of_a_notice_or_of_a_feed_of_ours_is_refused(portal: Portal) -> None:
    portal.feeds("suspend", "--title", "Closed", "--since", "2011-01-01T00:00:00Z")
    notice = guids(portal)[0]
    for id_ in (notice, "tag:prcentrs.example,2008:feed/releases"):
        ran = portal.feeds("import", portal.write("in.xml", rss(item(1, guid=id_))))
        assert ran.code == 1
        assert f"refused: its id, {id_}, is that of a notice or feed of this service" in ran.err


def test_a_notice_is_one_also_while_publication_is_suspended(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    portal.feeds("suspend", "--title", "Closed", "--since", "2011-01-01T00:00:00Z")
    ran = portal.feeds("import", portal.write("in.rss", portal.client().get("/releases.rss").text))
    assert "is that of a notice or feed of this service" in ran.err
    there = another(FEEDS_AUTHORITY="there.example")
    there.feeds("suspend", "--title", "Closed", "--since", "2010-01-01T00:00:00Z")
    out = imported(there, portal.client().get("/releases.rss").text, "in.rss")
    assert "1 skipped" in out


SAME_ADDRESS = [
    "http://www.old.example/news/a/",
    "https://old.example/news/a#top",
    "https://old.example/news/a?utm_source=feed&gclid=1",
    "https://OLD.example:443/news/a",
]


@pytest.mark.parametrize("other", SAME_ADDRESS)
def test_records_with_one_address_are_one_release(portal: Portal, other: str) -> None:
    imported(portal, line(body="A", url=f"{SITE}/news/a"), "a.jsonl")
    before = items(portal)
    out = imported(portal, rss(item(1, guid="17", link=other)))
    assert "0 added" in out
    assert items(portal) == before
    # The id that was stated later is a further name.
    assert "0 added" in imported(portal, rss(item(1, guid="17", link=f"{SITE}/elsewhere")))


def test_records_with_different_ids_are_different_releases(portal: Portal) -> None:
    shared = f"{SITE}/news"
    out = imported(portal, rss(item(1, guid="a", link=shared), item(2, guid="b", link=shared)))
    assert "2 added" in out
    assert "another release, 2010/01/01/release-1, has the same address" in out
    # The address joins nothing now.
    assert "1 added" in imported(portal, rss(item(3, link=shared)))
    assert portal.client().get("/news").status_code == 404


def test_items_of_one_link_without_ids_are_recognised_by_instant_and_title(portal: Portal) -> None:
    feed = rss(item(1, link=f"{SITE}/news"), item(2, link=f"{SITE}/news"))
    assert "2 added" in imported(portal, feed)
    assert all(id_.startswith("tag:prcentrs.example,2008:release/") for id_ in guids(portal))
    assert "0 added, 0 changed, 2 unchanged" in imported(portal, feed)


def test_an_item_that_is_known_keeps_its_id_when_its_link_is_shared(portal: Portal) -> None:
    imported(portal, rss(item(1, link=f"{SITE}/news")))
    assert guids(portal) == [f"{SITE}/news"]
    assert "1 added" in imported(
        portal, rss(item(1, link=f"{SITE}/news"), item(2, link=f"{SITE}/news"))
    )
    assert guids(portal)[0] == f"{SITE}/news"


def test_a_changed_title_of_an_item_with_its_own_link_is_an_edit(portal: Portal) -> None:
    imported(portal, rss(item(1, link=f"{SITE}/1")))
    (before,) = items(portal)
    assert "1 changed" in imported(portal, rss(item(1, link=f"{SITE}/1", title="Other")))
    (after,) = items(portal)
    assert (after["title"], after["id"], after["url"]) == ("Other", before["id"], before["url"])


INPUTS = {
    "wxr.xml": wxr(post(1, "The whole text.", guid="https://old.example/?p=1", link=f"{SITE}/1/")),
    "full.rss": rss(
        item(
            1, guid="https://old.example/?p=1", link=f"{SITE}/1?utm_source=rss",
            **{"content:encoded": "The text of the feed."}, category="Feed",
        )
    ),
    "short.rss": rss(
        item(1, guid="https://old.example/?p=1", link="http://old.example/1", title="T")
    ),
}  # fmt: skip


@pytest.mark.slow
def test_the_order_of_inputs_with_the_same_ids_does_not_matter(
    another: Callable[..., Portal],
) -> None:
    outcomes = []
    for order in permutations(INPUTS):
        apart, together = another(), another()
        for name in order:
            imported(apart, INPUTS[name], name)
        for number, name in enumerate(order):
            together.write(f"{number}-{name}", INPUTS[name])
        assert together.feeds("import", together.folder / "pages").code == 0
        for portal in (apart, together):
            (found,) = items(portal)
            # The path is that of the first title.
            del found["date_modified"], found["url"]
            outcomes.append(found)
            # Each of them again changes nothing, in any order.
            for name, text in INPUTS.items():
                assert "1 unchanged" in imported(portal, text, name)
    for one in outcomes:
        assert one == outcomes[0]
    assert "The whole text." in outcomes[0]["content_html"]
    assert "tags" not in outcomes[0]


def test_between_equal_inputs_the_later_modified_one_wins(portal: Portal) -> None:
    old = line(body="Old.", id="a", modified="2011-01-01T00:00:00Z")
    new = line(body="New.", id="a", modified="2012-01-01T00:00:00Z")
    for text in (new, old, f"{old}\n{new}", f"{new}\n{old}"):
        imported(portal, text, "a.jsonl")
        assert "New." in items(portal)[0]["content_html"]


def test_what_no_reader_sees_moves_no_updated(portal: Portal) -> None:
    imported(portal, line(body="A", id="a", url="http://old.example/1"), "a.jsonl")
    (before,) = items(portal)
    for url in (f"{SITE}/1", f"{SITE}/1?utm_source=x", f"{SITE}/moved"):
        imported(portal, line(body="A", id="a", url=url), "a.jsonl")
        assert items(portal)[0]["date_modified"] == before["date_modified"]


@pytest.mark.parametrize(
    "old",
    ["/2015/10/05/second/", "/2015/10/05/second", "/2015/10/05/second?utm_source=x", "/?p=2",
     "/?utm_medium=y&p=2", "/archive.php?id=1&lang=en"],
)  # fmt: skip
def test_old_permalinks_redirect_to_the_page_of_the_release(portal: Portal, old: str) -> None:
    imported(portal, wxr(post(2, "Text.", guid=f"{SITE}/?p=2", link=f"{SITE}/2015/10/05/second/")))
    imported(portal, rss(item(2, guid=f"{SITE}/?p=2", link=f"{SITE}/archive.php?id=1&lang=en")))
    response = portal.client().get(old)
    assert response.status_code == 301
    assert response.location == items(portal)[0]["url"]
    portal.feeds("withdraw", items(portal)[0]["id"])
    assert portal.client().get(old).status_code == 410


def test_a_redirect_that_was_added_comes_before_a_permalink(portal: Portal) -> None:
    imported(portal, wxr(post(2, "Text.", guid=f"{SITE}/?p=2", link=f"{SITE}/second/")))
    portal.feeds("address", "add", "/second/", "/releases.atom")
    assert portal.client().get("/second/").location.endswith("/releases.atom")
    assert portal.client().get("/second").location == items(portal)[0]["url"]


def test_an_address_of_this_service_is_not_shadowed(portal: Portal) -> None:
    imported(
        portal,
        rss(
            item(1, guid="a", link=f"{SITE}/"), item(2, guid="b", link=f"{SITE}/releases.atom?x=1")
        ),
    )
    assert portal.client().get("/").status_code == 200
    assert portal.client().get("/?utm_source=x").status_code == 200
    assert portal.client().get("/releases.atom").status_code == 200


def test_a_path_that_two_hosts_claim_redirects_to_neither(portal: Portal) -> None:
    imported(portal, rss(item(1, guid="a", link="https://a.example/x")))
    out = imported(portal, rss(item(2, guid="b", link="https://b.example/x")))
    assert "another release, 2010/01/01/release-1, has the same address" in out
    assert portal.client().get("/x").status_code == 404


def test_commands_take_either_id(portal: Portal) -> None:
    imported(portal, rss(item(1, guid="1992 at https://old.example")))
    assert portal.feeds("withdraw", "1992 at https://old.example").code == 0
    (entry_id,) = portal.sql("SELECT entry_id FROM release")[0]
    assert portal.feeds("restore", entry_id).code == 0


def test_a_dry_run_foretells_what_depends_on_earlier_inputs(portal: Portal) -> None:
    for name, text in INPUTS.items():
        portal.write(name, text)
    portal.write("z.rss", rss(item(1, guid="z", title="Release 11")))
    folder = portal.folder / "pages"
    foretold = portal.feeds("import", "--dry-run", folder, "--report", portal.folder / "dry.jsonl")
    assert items(portal) == []
    done = portal.feeds("import", folder, "--report", portal.folder / "done.jsonl")
    assert foretold.out == done.out.replace("\n1 added", "\nWould be: 1 added").replace(
        "\n2 added", "\nWould be: 2 added"
    )
    dry, real = (portal.folder / f"{name}.jsonl" for name in ("dry", "done"))
    assert dry.read_text() == real.read_text()


def test_a_page_of_this_service_is_no_original_address(
    portal: Portal, another: Callable[..., Portal]
) -> None:
    imported(portal, line(body="A", id="17"), "a.jsonl")
    there = another()
    imported(there, portal.client().get("/releases.atom").text, "own.atom")
    assert "_links" not in items(there)[0]


def test_the_addresses_of_a_portal_that_this_service_replaces_are_not_its_own(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_BASE_URL=SITE)
    link = f"{SITE}/2015/10/05/second/"
    imported(portal, wxr(post(2, "Text.", guid="17", link=link)))
    out = imported(portal, wxr(post(2, "Other text.", guid="17", link=link)))
    assert "0 added, 1 changed" in out
    assert portal.client().get("/2015/10/05/second/").status_code == 301
    assert portal.sql("SELECT original FROM release") == [(link,)]


def test_an_id_of_another_site_is_not_joined_on_the_host_of_this_service(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_BASE_URL=SITE)
    imported(portal, rss(item(1, guid="17", link="https://a.example/1"), site="https://a.example"))
    assert "1 added" in imported(portal, rss(item(2, guid="17", link=f"{SITE}/2")))


@pytest.mark.parametrize("id_", ["http://[old/1", "http://a\u2100b.example/1", "https:///1"])
def test_an_id_may_look_like_an_address_and_be_none(portal: Portal, id_: str) -> None:
    imported(portal, rss(item(1, guid=id_)))
    assert guids(portal) == [id_]
    assert "0 added, 0 changed, 1 unchanged" in imported(portal, rss(item(1, guid=id_)))


def test_a_record_with_ambiguous_names_is_recognised_by_its_minted_id(portal: Portal) -> None:
    link = f"{SITE}/news"
    both = (item(1, guid=id_, link=link) for id_ in "ab")
    imported(portal, rss(*both))
    assert "1 added" in imported(portal, rss(item(1, link=link)))
    assert "0 added, 0 changed, 1 unchanged" in imported(portal, rss(item(1, link=link)))


def test_names_that_become_ambiguous_in_the_same_import_lead_to_the_minted_id(
    portal: Portal,
) -> None:
    old = line(body="A", url=f"{SITE}/a")
    imported(portal, old, "old.jsonl")
    imported(portal, line(body="A", url=f"{SITE}/a", id="first"), "first.jsonl")
    other = line(body="A", url=f"{SITE}/a", id="second")
    assert "1 added, 0 changed, 1 unchanged" in imported(portal, f"{other}\n{old}", "both.jsonl")


def test_a_link_in_the_place_of_an_id_is_the_same_as_that_id(portal: Portal) -> None:
    imported(portal, rss(item(1, guid=f"{SITE}/?p=1", link=f"{SITE}/1")))
    assert "0 added" in imported(portal, rss(item(1, link=f"{SITE}/?p=1")))
    assert guids(portal) == [f"{SITE}/?p=1"]


def test_remarks_about_paths_are_summed_up(portal: Portal) -> None:
    link = f"{SITE}/news"
    out = imported(
        portal,
        rss(
            *(
                item(number, guid=f"{number}", link=link, title=title)
                for number, title in enumerate(("One", "Two words", "2010 in 3 words"), 1)
            )
        )
        + "\n",
    )
    assert "2 with the remark: another release, …, has the same address" in out


def test_an_id_that_is_too_long_is_replaced_by_one_made_here(portal: Portal) -> None:
    out = imported(portal, rss(item(1, guid="urn:x:" + "y" * 2000, link=f"{SITE}/1")))
    assert "its id is longer than 2000 bytes and was replaced" in out
    imported(portal, rss(item(2, link=f"{SITE}/{'y' * 2000}")))
    made = "tag:prcentrs.example,2008:release/2010-01-0"
    assert [id_.startswith(made) for id_ in guids(portal)] == [True, True]
