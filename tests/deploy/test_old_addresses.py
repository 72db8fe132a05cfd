"""Redirects behind nginx: each old address is redirected, and none replaces a cached feed."""

import pytest

from tests.deploy.site import behind_nginx
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
