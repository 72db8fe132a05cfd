"""Redirects behind nginx: each old address is redirected, and none replaces a cached feed."""

import pytest

from tests.deploy.site import behind_nginx
from tests.ingest.sources.samples import post, wxr
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a proxy does not see the engine"),
]


def test_an_old_address_is_redirected_and_the_feed_is_served_as_before(portal: Portal) -> None:
    portal.imported(page())
    for old in ("/rss.php?cat=12", "/?feed=rss2", "/releases.atom?old=1"):
        assert portal.feeds("address", "add", old, "/releases.rss").code == 0
    with portal.served() as address, behind_nginx(address, portal.folder) as site:
        for _ in range(2):
            for old in ("/rss.php?cat=12", "/?feed=rss2"):
                got = site.ask(old)
                assert (got.status, got.headers["location"]) == (
                    301,
                    "https://feeds.example.org/releases.rss",
                )
                assert got.headers["cache-control"] == "public, max-age=3600"
            for path in ("/releases.atom?old=1", "/releases.atom", "/", "/?feed=atom"):
                assert site.ask(path).status == 200
            assert site.ask("/rss.php").status == 404


def test_the_permalinks_of_an_export_are_redirected(portal: Portal) -> None:
    export = wxr(post(number=2), post(number=3).replace("/2010/05/", "//2010//05/"))
    assert portal.feeds("import", portal.write("export.xml", export)).code == 0
    paths = {
        item["id"].rpartition("=")[2]: item["url"]
        for item in portal.client().get("/releases.json").get_json()["items"]
    }
    with portal.served() as address, behind_nginx(address, portal.folder) as site:
        for old, number in (
            ("/2010/05/tilts-2/", "2"),
            ("/2010/05/tilts-2", "2"),
            ("/2010/05/tilts-2/?utm_source=feed", "2"),
            ("/?p=2", "2"),
            ("/2010/05/tilts-3/", "3"),
            ("//2010//05/tilts-3/", "3"),
            ("/2010//05/tilts-2/", "2"),
            ("/?p=3", "3"),
        ):
            got = site.ask(old)
            assert (got.status, got.headers.get("location")) == (301, paths[number]), old
        assert site.ask("/?p=4").status == 200  # the index, as for every query of it
        assert site.ask("/2010/05/tilts-4/").status == 404
