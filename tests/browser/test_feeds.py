"""Feeds opened in Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, Open, screenshot

pytestmark = pytest.mark.slow

FEEDS = {
    "atom": "/releases.atom",
    "rss": "/releases.rss",
    "category-atom": "/categories/kultura.atom",
    "archive-atom": "/releases/archive/1.atom",
}
MARKUP = re.compile(r"<|&lt;|&amp;|</|\?xml|https?://www\.w3\.org")


def visible_text(page: Page) -> str:
    """Return the visible text, as one can select and copy it."""
    page.keyboard.press("Control+A")
    found: str = page.evaluate("getSelection().toString()")
    return found


@pytest.mark.parametrize(("width", "scheme"), [("narrow", "light"), ("wide", "dark")])
@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_is_readable(visit: Open, name: str, width: str, scheme: str) -> None:
    page = visit(FEEDS[name], width, color_scheme=scheme)
    screenshot(page, f"feed-{name}-{width}-{scheme}")
    text = visible_text(page)
    assert text.startswith("PRCentrs.Lv")
    assert not MARKUP.search(text)
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[width]
    entries = page.locator("entry, item")
    assert entries.count() >= 50
    for place in (0, 1, 49):
        expect(entries.nth(place).locator("title")).to_be_visible()
        expect(entries.nth(place).locator("day")).to_be_visible()
        expect(entries.nth(place).locator("summary, description")).to_be_visible()
    for hidden in ("id", "published", "updated", "author", "content", "guid", "pubDate"):
        for element in page.locator(hidden).all()[:3]:
            expect(element).to_be_hidden()


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_the_announcement_is_first_and_highlighted(visit: Open, form: str) -> None:
    page = visit(f"/releases.{form}")
    first, second = (page.locator("entry, item").nth(place) for place in (0, 1))
    expect(first).to_contain_text("Darbība pārtraukta kopš 2022. gada 31. decembra.")
    colours = [
        one.evaluate("element => getComputedStyle(element).backgroundColor")
        for one in (first, second)
    ]
    assert colours == ["rgb(253, 240, 211)", "rgba(0, 0, 0, 0)"]


def test_a_feed_says_how_to_subscribe_and_links_to_its_page(visit: Open, site: str) -> None:
    page = visit("/categories/kultura.atom")
    expect(page.locator("subtitle")).to_contain_text("Šī ir ziņu plūsma. Pievienojiet tās adresi")
    page.get_by_text("Lasīt preses relīzes tīmekļa lapā").click()
    expect(page).to_have_url(f"{site}/categories/kultura")
    page = visit("/releases/archive/2.atom")
    expect(page.locator("subtitle")).to_contain_text("Šī ir plūsmas arhīva daļa")
    page.get_by_text("Lasīt preses relīzes tīmekļa lapā").click()
    expect(page).to_have_url(f"{site}/releases/archive/2")


def test_rss_says_how_to_subscribe_through_the_style_sheet(visit: Open) -> None:
    page = visit("/releases.rss")
    content = page.evaluate(
        "getComputedStyle(document.querySelector('channel > description'), '::after').content"
    )
    assert "Šī ir ziņu plūsma. Pievienojiet tās adresi" in content


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_the_dates_of_a_feed_are_those_of_its_page(visit: Open, form: str) -> None:
    feed = visit(f"/releases.{form}").locator(":is(entry, item) > day").all_text_contents()
    # The announcement comes first.
    assert feed[1:] == visit("/").locator(".releases time").all_text_contents()
    assert "2022. gada 29. septembris" in feed
