"""Sitemaps: what they list, the rules of sitemaps.org, and what moves ``lastmod``."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from lxml import etree
from usp.tree import sitemap_tree_for_homepage

from tests.portal import START, Portal, page

BASE = "https://feeds.example.org"
INDEX = "/sitemap.xml"
PAGES = "/sitemap/pages/1.xml"
FIRST = "/sitemap/releases/1.xml"
SECOND = "/sitemap/releases/2.xml"
NEWEST = "/sitemap/releases/newest.xml"
SITEMAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"

# The rules of https://www.sitemaps.org/schemas/sitemap/0.9/sitemap.xsd and siteindex.xsd. What the
# schemas allow besides is left out, because nothing states it here: changefreq and priority, which
# search engines ignore, and elements of other namespaces.
RULES = etree.RelaxNG(
    etree.fromstring("""
<grammar xmlns="http://relaxng.org/ns/structure/1.0"
         ns="http://www.sitemaps.org/schemas/sitemap/0.9"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start>
    <choice>
      <element name="urlset">
        <oneOrMore><element name="url"><ref name="listed"/></element></oneOrMore>
      </element>
      <element name="sitemapindex">
        <oneOrMore><element name="sitemap"><ref name="listed"/></element></oneOrMore>
      </element>
    </choice>
  </start>
  <define name="listed">
    <element name="loc">
      <data type="anyURI">
        <param name="minLength">12</param>
        <param name="maxLength">2048</param>
      </data>
    </element>
    <optional>
      <element name="lastmod"><choice><data type="date"/><data type="dateTime"/></choice></element>
    </optional>
  </define>
</grammar>
""")
)


def read(client: FlaskClient, address: str) -> dict[str, str | None]:
    """Return ``lastmod`` by the address, below the base URL, that a sitemap lists it for."""
    response = client.get(address)
    assert response.status_code == 200, address
    assert response.content_type == "application/xml; charset=utf-8"
    assert len(response.data) < 50_000_000
    root = etree.fromstring(response.data)
    RULES.assertValid(root)
    listed = {entry[0].text: entry.findtext(f"{SITEMAPS}lastmod") for entry in root}
    assert len(listed) == len(root) <= 50_000
    assert all(url.startswith(f"{BASE}/") for url in listed)
    return {url.removeprefix(BASE): changed for url, changed in listed.items()}


def moved(portal: Portal, act: Callable[[], object]) -> set[str]:
    """Return the sitemaps that the index lists with another date, or not at all, after an act."""
    before = read(portal.client(), INDEX)
    act()
    after = read(portal.client(), INDEX)
    return {address for address, changed in before.items() if after.get(address) != changed}


def release(number: int) -> str:
    """Return the page of a release of its own day; a higher number is newer."""
    published = datetime(2010, 1, 1, 12, tzinfo=UTC) + timedelta(days=number)
    return page(f"R{number}", f"K{number % 3}", f"{published:%Y-%m-%d %H:%M:%S}")


@pytest.fixture
def large(another: Callable[..., Portal]) -> Portal:
    """Return a portal with two numbered sitemaps: 41 archive pages, and a release after them."""
    portal = another(FEEDS_ENTRIES="2")
    return portal.imported_at(START, *(release(number) for number in range(83)))


@pytest.mark.slow
def test_the_sitemaps_list_each_release_and_each_page_once(large: Portal) -> None:
    client = large.client()
    assert list(read(client, INDEX)) == [PAGES, FIRST, SECOND, NEWEST]
    releases = [list(read(client, address)) for address in (FIRST, SECOND, NEWEST)]
    assert list(map(len, releases)) == [40, 40, 3]
    paths = large.sql("SELECT path FROM release ORDER BY published")
    listed = [address for addresses in releases for address in reversed(addresses)]
    assert listed == [f"/releases/{path}" for (path,) in paths]
    archives = {
        f"{selection}/archive/{number}"
        for selection, pages in {
            "/releases": 41, "/categories/k0": 14, "/categories/k1": 14, "/categories/k2": 13
        }.items()
        for number in range(1, pages + 1)
    }  # fmt: skip
    categories = {f"/categories/{slug}" for slug in ("k0", "k1", "k2", "list/1")}
    periods = {
        f"{below}/releases/{period}"
        for below in ("", "/categories/k0", "/categories/k1", "/categories/k2")
        for period in ("2010", "2010/01", "2010/02", "2010/03")
    }
    pages = read(client, PAGES)
    assert pages.keys() == {"/"} | categories | archives | periods
    assert {pages[address] for address in periods} == {None}
    for address in (*listed, *read(client, PAGES)):
        assert client.head(address).status_code == 200, address


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_a_release_has_the_date_of_its_last_change(portal: Portal) -> None:
    portal.imported(page("A"))
    client = portal.client()
    assert read(client, NEWEST) == {"/releases/2010/05/04/a": "2010-05-04T09:00:00Z"}
    portal.feeds("import", portal.write("0000.txt", page("A", body="Labots.")))
    ((updated,),) = portal.sql("SELECT updated FROM release")
    changed = read(client, NEWEST)["/releases/2010/05/04/a"]
    assert changed
    assert datetime.fromisoformat(changed).timestamp() == updated


def test_a_back_dated_release_moves_one_sitemap_of_releases(large: Portal) -> None:
    late = page("Vēlīna", "K0", "2010-02-20 13:00:00")
    assert moved(large, lambda: large.imported(late)) == {PAGES, SECOND}
    early = page("Agra", "K0", "2010-01-10 13:00:00")
    assert moved(large, lambda: large.imported(early)) == {PAGES, FIRST}
    assert "/releases/2010/01/10/agra" in read(large.client(), FIRST)


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_an_edit_and_a_withdrawal_move_the_sitemap_of_the_release(large: Portal) -> None:
    edited = large.write("0003.txt", release(3).replace("Tilts", "Jauns tilts"))
    assert moved(large, lambda: large.feeds("import", edited)) == {PAGES, FIRST}
    newest = "/releases/2010/03/24/r82"
    assert moved(large, lambda: large.feeds("withdraw", newest)) == {PAGES, NEWEST}
    path = "/releases/2010/02/20/r50"
    assert path in read(large.client(), SECOND)
    assert moved(large, lambda: large.feeds("withdraw", path)) == {PAGES, SECOND}
    assert path not in read(large.client(), SECOND)
    assert moved(large, lambda: large.feeds("restore", path)) == {PAGES, SECOND}
    assert path in read(large.client(), SECOND)


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_new_releases_and_their_archive_pages_move_the_newest_alone(large: Portal) -> None:
    more = [release(number) for number in range(83, 120)]
    assert moved(large, lambda: large.imported(*more)) == {PAGES, NEWEST}
    # The twentieth archive page is then followed by another, and never changes for that again.
    assert moved(large, lambda: large.imported(*map(release, range(120, 122)))) == {PAGES, NEWEST}
    third = "/sitemap/releases/3.xml"
    assert third in read(large.client(), INDEX)
    assert moved(large, lambda: large.imported(*map(release, range(122, 130)))) == {PAGES, NEWEST}


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_the_announcement_of_a_suspension_moves_no_sitemap_of_releases(large: Portal) -> None:
    assert moved(large, lambda: large.feeds("suspend")) == {PAGES}


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_a_sitemap_without_releases_is_not_listed_and_gets_404(large: Portal) -> None:
    client = large.client()
    for address in (*read(client, FIRST), *read(client, NEWEST)):
        assert large.feeds("withdraw", address).code == 0
    assert list(read(client, INDEX)) == [PAGES, SECOND]
    for address in (FIRST, NEWEST):
        response = client.get(address)
        assert (response.status_code, response.text) == (404, "There is no such sitemap.\n")
    assert large.feeds("restore", "/releases/2010/01/05/r4").code == 0
    assert list(read(client, FIRST)) == ["/releases/2010/01/05/r4"]


def test_an_empty_portal_has_a_valid_index(portal: Portal) -> None:
    client = portal.client()
    assert list(read(client, INDEX)) == [PAGES]
    assert list(read(client, PAGES)) == ["/", "/categories/list/1"]


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
@pytest.mark.parametrize(
    "address",
    [
        "/sitemap/pages/2.xml",
        "/sitemap/pages/0.xml",
        "/sitemap/pages/newest.xml",
        "/sitemap/releases/3.xml",
        "/sitemap/releases/01.xml",
        "/sitemap/releases/999999999.xml",
        "/sitemap/releases/x.xml",
    ],
)
def test_an_unknown_sitemap_gets_404(portal: Portal, address: str) -> None:
    response = portal.client().get(address)
    assert (response.status_code, response.text) == (404, "There is no such sitemap.\n")
    assert response.content_type == "text/plain; charset=utf-8"


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_a_withdrawn_release_is_not_even_listed_for_a_moment(large: Portal) -> None:
    large.environ["FEEDS_REVISION_TTL"] = "60"
    client = large.client()
    held = {address: client.get(address).headers["ETag"] for address in (FIRST, NEWEST)}
    withdrawn = ["/releases/2010/01/05/r4", "/releases/2010/03/24/r82"]
    for path in withdrawn:
        assert large.feeds("withdraw", path).code == 0
    client.get("/")  # reads the store, and so sees the withdrawals
    for address, tag in held.items():
        response = client.get(address, headers={"If-None-Match": tag})
        assert response.status_code == 200
        assert not any(path in response.text for path in withdrawn)


def test_many_pages_of_selections_are_divided(portal: Portal) -> None:
    portal.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO selection (id, feed_id, slug, name, named, count, tail, tail_changed, "
        "revision, changed, token, withdrawal, created) "
        "SELECT i, 'tag:' || i, 'k' || i, 'K' || i, false, 0, 0, 0, 1, i, 1, 0, 0 FROM n"
    )
    portal.sql(
        "INSERT INTO archive_page (selection, number, last_published, last_rank, size, revision, "
        "changed, token, withdrawal) VALUES (7, 1, 0, 0, 2, 1, 20000, 1, 0)"
    )
    client = portal.client()
    second = "/sitemap/pages/2.xml"
    listed = read(client, INDEX)
    assert listed == {PAGES: "2024-03-01T10:00:00Z", second: "1970-01-01T01:23:20Z"}
    pages, others = read(client, PAGES), read(client, second)
    assert list(others) == ["/categories/k4999", "/categories/k5000"]
    assert (len(pages), pages["/categories/k7/archive/1"]) == (5_050, "1970-01-01T05:33:20Z")
    assert {f"/categories/list/{number}" for number in range(1, 51)} < pages.keys()
    assert client.get("/sitemap/pages/3.xml").status_code == 404


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
@pytest.mark.parametrize(("size", "pages"), [(625, 20), (626, 12)])
def test_a_sitemap_has_room_for_archive_pages_that_have_grown(
    another: Callable[..., Portal], size: int, pages: int
) -> None:
    portal = another(FEEDS_ENTRIES=str(size))

    portal.sql(
        f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {pages}) "  # noqa: S608 - numbers
        "INSERT INTO archive_page (selection, number, last_published, last_rank, size, revision, "
        f"changed, token, withdrawal) SELECT 0, i, i, 0, {4 * size}, 1, 0, 1, 0 FROM n"
    )
    assert list(read(portal.client(), INDEX)) == [PAGES, NEWEST]
    portal.sql(
        "INSERT INTO archive_page SELECT selection, number + 1, last_published + 1, last_rank, "  # noqa: S608 - a number
        "size, revision, changed, token, previous_changed, previous_token, withdrawal "
        f"FROM archive_page WHERE number = {pages}"
    )
    assert list(read(portal.client(), INDEX)) == [PAGES, FIRST, NEWEST]


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_during_a_large_import_the_newest_sitemap_has_the_newest_releases(portal: Portal) -> None:
    portal.imported(page("A"))
    columns = (
        "rank, states_id, digest, richness, updated, title, body, summary, authors, attachments, "
        "token, checksum"
    )
    numbers = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 50002) "
    portal.sql(
        f"{numbers} INSERT INTO release (id, entry_id, permanent_id, path, published, {columns}) "  # noqa: S608 - constants
        f"SELECT i, i, i, '2011/01/01/r' || i, 1300000000 + i, {columns} FROM n, release"
    )
    portal.sql(f"{numbers} INSERT INTO listing SELECT 0, 1300000000 + i, i, i FROM n")  # noqa: S608 - constants
    listed = list(read(portal.client(), NEWEST))
    assert len(listed) == 50_000
    assert (listed[0], listed[-1]) == ("/releases/2011/01/01/r50002", "/releases/2011/01/01/r3")


@pytest.mark.engines("sqlite", reason="the statements are the same on both")
def test_robots_txt_names_the_index_below_the_path_of_the_base_url(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_BASE_URL=f"{BASE}/preses").imported(page("A"))
    client = portal.client()
    assert f"\nSitemap: {BASE}/preses/sitemap.xml\n" in client.get("/preses/robots.txt").text
    assert list(read(client, f"/preses{INDEX}")) == [f"/preses{PAGES}", f"/preses{NEWEST}"]
    assert list(read(client, f"/preses{NEWEST}")) == ["/preses/releases/2010/05/04/a"]


@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the documents are the same on both")
def test_a_crawler_finds_all_releases_and_pages(large: Portal) -> None:
    assert large.feeds("withdraw", "/releases/2010/01/05/r4").code == 0
    base = large.environ["FEEDS_BASE_URL"] = large.address
    with large.served():
        tree = sitemap_tree_for_homepage(base)
        found = [one.url.removeprefix(base) for one in tree.all_pages()]
    client = large.client()
    shown = {
        f"/releases/{path}"
        for (path,) in large.sql("SELECT path FROM release WHERE withdrawn IS NULL")
    }
    assert len(shown) == 82
    assert {address for address in found if re.match("/releases/20../../../.", address)} == shown
    assert len(found) == len(set(found)) == 82 + 41 + 41 + 16 + 5
    for address in found:
        assert client.head(address).status_code == 200, address
