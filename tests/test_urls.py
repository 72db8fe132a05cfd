"""URLs are built and parsed by the same rules, and routes follow them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.domain import Category, Site
from feeds.settings import zone
from feeds.text.catalogue import words
from feeds.urls import (
    ASSETS,
    PROBES,
    Target,
    archive_url,
    category_list_url,
    comparable_address,
    document_url,
    is_own_address,
    page_url,
    parse_old_address,
    parse_target,
    release_sitemap_url,
    release_url,
    selection_sitemap_url,
    sitemap_index_url,
)

BASE = "https://example.org/feeds"
SITE = Site(BASE, "T", "", "", "en", words("en", None), zone("UTC"), 50)
KULTURA, SPORTS = Category("kultura", "Kultūra"), Category("sports", "Sports")

SLUGS = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
FORMATS = st.sampled_from(["atom", "rss", "json"])
TARGETS = st.one_of(
    st.builds(Target, st.none(), st.just(""), FORMATS | st.none()),
    st.builds(Target, st.none(), SLUGS, FORMATS | st.none()),
    st.builds(
        Target, st.from_regex(r"20[0-9]{2}/0[1-9]/[12][0-9]/[a-z0-9~-]{1,20}", fullmatch=True),
        st.just(""), st.none(),
    ),
)  # fmt: skip


@given(TARGETS)
def test_a_target_is_parsed_from_its_path_and_from_its_url(target: Target) -> None:
    assert parse_target(BASE, str(target)) == target
    assert parse_target(BASE, f"{BASE}{target}") == target


@pytest.mark.parametrize(
    "url",
    [
        document_url(SITE, ()) + ".atom",
        document_url(SITE, (KULTURA,)) + ".rss",
        document_url(SITE, (KULTURA, SPORTS)) + ".json",
        archive_url(SITE, (), 3) + ".atom",
        archive_url(SITE, (), 3),
        archive_url(SITE, (KULTURA,), 1) + ".json",
        page_url(SITE, ()),
        page_url(SITE, (KULTURA,)),
        category_list_url(SITE, 3),
        release_url(SITE, "2010/05/04/tilts"),
        *(f"{BASE}/{name}" for name in ASSETS),
        f"{BASE}/feeds.opml",
        sitemap_index_url(SITE),
        selection_sitemap_url(SITE, 2),
        release_sitemap_url(SITE, 3),
        release_sitemap_url(SITE, None),
        f"{BASE}/categories",
    ],
)
def test_no_url_of_the_service_can_be_an_old_address(url: str) -> None:
    path = url.removeprefix("https://example.org")
    assert is_own_address(BASE, path)
    assert not is_own_address(BASE, f"{path}?page=2")
    assert not is_own_address(BASE, path.removeprefix("/feeds") + "x")


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_is_never_an_old_address_even_with_a_query(path: str) -> None:
    assert is_own_address(BASE, path)
    assert is_own_address(BASE, f"{path}?verbose")


@given(st.text())
def test_an_old_address_is_normalized_once(text: str) -> None:
    address = parse_old_address(text)
    if address is not None:
        assert address.startswith("/")
        assert parse_old_address(address) == address


@pytest.mark.parametrize(
    ("url", "comparable"),
    [
        ("https://www.A.example:443/x/", "a.example/x"),
        ("http://a.example:80?p=2&utm_source=b&gclid=1#c", "a.example/?p=2"),
        ("http://a.example:8080/%7ex?q=%c4%81&fbclid", "a.example:8080/~x?q=%C4%81"),
        ("https://user@ēka.example/ā", "xn--ka-vma.example/%C4%81"),
    ],
)
def test_addresses_of_one_page_are_compared_in_one_form(url: str, comparable: str) -> None:
    assert comparable_address(url) == comparable
