"""Pages in Chromium: layout, accessibility, text size, keyboard and print."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HEIGHT, WIDTHS, Open, screenshot

pytestmark = pytest.mark.slow

PAGES = {
    "index": "/",
    "category": "/categories/kultura",
    "archive": "/categories/kultura/archive/1",
    "year": "/releases/2021",
    "month": "/categories/kultura/releases/2021/05",
    "release": "/releases/2021/05/04/an-exhibition-in-liepkalne",
}
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def fits(page: Page) -> bool:
    """Return whether nothing is wider than the window."""
    found: bool = page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return found


def violations(page: Page, within: str | None = None) -> list[Any]:
    """Return the accessibility problems that axe-core finds on a page, or in a part of it."""
    options = {"runOnly": {"type": "tag", "values": STANDARDS}}
    return [
        (found["id"], found["nodes"][0]["html"], found["nodes"][0]["failureSummary"])
        for found in Axe().run(page, context=within, options=options).response["violations"]
    ]


# No rule of the style sheet depends on both.
@pytest.mark.parametrize(("width", "scheme"), [("narrow", "dark"), ("wide", "light")])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible(visit: Open, name: str, width: str, scheme: str) -> None:
    page = visit(PAGES[name], width, color_scheme=scheme)
    screenshot(page, f"{name}-{width}-{scheme}")
    assert fits(page)
    assert violations(page) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(252, 251, 248)", "dark": "rgb(20, 23, 28)"}[scheme]


@pytest.mark.parametrize("width", WIDTHS)
def test_an_error_page_is_accessible(browser: Browser, site: str, width: str) -> None:
    # Not through the fixture: the browser reports a 404 as an error.
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": HEIGHT})
    page.goto(f"{site}/nav")
    screenshot(page, f"missing-{width}")
    assert fits(page)
    assert violations(page) == []
    page.locator("main").get_by_role("link", name="Visas preses relīzes un kategorijas").click()
    expect(page).to_have_url(f"{site}/")
    page.close()


def test_pages_fit_the_narrowest_window_with_the_largest_text(visit: Open) -> None:
    for path in PAGES.values():
        page = visit(path)
        page.set_viewport_size({"width": 320, "height": 700})
        page.evaluate("document.documentElement.dataset.size = '5'")
        assert fits(page)


def test_the_announcement_is_at_the_top_with_its_start_date(visit: Open) -> None:
    page = visit("/")
    notice = page.get_by_role("complementary", name="Paziņojums")
    expect(notice).to_contain_text("Vortāla darbība pārtraukta uz nenoteiktu laiku.")
    expect(notice).to_contain_text("Darbība pārtraukta kopš 2022. gada 31. decembra.")
    assert notice.bounding_box()["y"] == 0  # type: ignore[index]


def size(page: Page) -> float:
    found: str = page.evaluate("getComputedStyle(document.querySelector('.body')).fontSize")
    return float(found.removesuffix("px"))


def test_the_text_has_five_sizes_by_mouse_that_are_remembered(visit: Open) -> None:
    page = visit(PAGES["release"])
    smaller = page.get_by_role("button", name="Samazināt")
    larger = page.get_by_role("button", name="palielināt tekstu")
    sizes = [size(page)]
    for _ in range(3):
        # Otherwise Playwright waits until the button is enabled.
        larger.click(force=True)
        sizes.append(size(page))
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]
    for other, least in (("h1", sizes[2] * 1.2), (".contact", sizes[1])):
        found = page.locator(other).evaluate("element => getComputedStyle(element).fontSize")
        assert float(found.removesuffix("px")) >= least
    expect(larger).to_have_attribute("aria-disabled", "true")
    screenshot(page, "release-largest")
    page.reload()
    assert size(page) == sizes[2]
    for _ in range(5):
        smaller.click(force=True)
        sizes.append(size(page))
    assert len(set(sizes)) == 5
    assert size(page) == min(sizes)
    expect(smaller).to_have_attribute("aria-disabled", "true")
    page.goto(page.url.replace("exhibition-in-liepkalne", "exhibition-in-liepkalne#main"))
    assert size(page) == min(sizes)


def test_the_text_is_resized_by_the_keyboard(visit: Open) -> None:
    page = visit(PAGES["release"])
    before = size(page)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "larger":
            break
    page.keyboard.press("Enter")
    middle = size(page)
    page.keyboard.press("Space")
    assert before < middle < size(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert size(page) == middle
    expect(page.locator(".size [role=status]")).to_have_text("Teksta lielums: 4 / 5")


def test_a_table_that_is_too_wide_is_scrolled_instead_of_breaking_words(visit: Open) -> None:
    page = visit(PAGES["release"], "narrow")
    table = page.locator(".body table").nth(1)
    assert table.evaluate("table => table.scrollWidth > table.clientWidth")
    cells = table.locator("th").all()
    assert len({cell.evaluate("cell => cell.offsetHeight") for cell in cells}) == 1
    assert cells[0].evaluate("cell => cell.offsetHeight") < 3 * size(page)
    assert fits(page)


def test_a_text_size_set_on_another_page_applies_after_going_back(visit: Open) -> None:
    page = visit(PAGES["release"])
    usual = size(page)
    # As a browser does with a page in its back/forward cache, which Playwright turns off.
    page.evaluate("localStorage.setItem('text-size', '5')")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    largest = size(page)
    page.get_by_role("button", name="Samazināt").click()
    assert largest > size(page) > usual


def test_the_text_is_resized_without_local_storage(visit: Open) -> None:
    page = visit("/robots.txt")
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied') }})"
    )
    page.goto(page.url.replace("/robots.txt", PAGES["release"]))
    before = size(page)
    page.get_by_role("button", name="palielināt tekstu").click()
    assert size(page) > before


@pytest.mark.parametrize("stored", ["0", "6", "x", "2.5", ""])
def test_an_invalid_stored_text_size_is_ignored(visit: Open, stored: str) -> None:
    page = visit(PAGES["release"])
    usual = size(page)
    page.evaluate("size => localStorage.setItem('text-size', size)", stored)
    page.reload()
    assert size(page) == usual


def test_the_keyboard_skips_to_the_content(visit: Open) -> None:
    page = visit(PAGES["category"])
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Pāriet uz saturu")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_script_has_no_buttons_that_need_it(visit: Open, name: str) -> None:
    page = visit(PAGES[name], "narrow", java_script_enabled=False)
    buttons = page.get_by_role("button").all_text_contents()
    assert buttons == (["Atvērt atzīmēto kategoriju plūsmu"] if name == "index" else [])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    screenshot(page, f"{name}-without-script")


def test_a_page_is_printed_without_its_controls(visit: Open) -> None:
    page = visit(PAGES["release"])
    page.emulate_media(media="print")
    for name in (".size", ".address", ".beside", ".skip"):
        expect(page.locator(name).first).to_be_hidden()
    for name in ("h1", ".published", ".body", ".contact", ".rights", ".notice"):
        expect(page.locator(name)).to_be_visible()
    screenshot(page, "release-printed")
    expect(page.locator(".printed")).to_have_text(page.url)
    page.evaluate("document.documentElement.dataset.size = '5'")
    assert size(page) == pytest.approx(11 * 96 / 72, abs=0.01)
    page.goto(page.url.partition("/releases/")[0] + "/")
    expect(page.get_by_text("Kategorijas", exact=True).first).to_be_hidden()


def test_a_reader_walks_from_the_index_to_a_release_and_on(visit: Open) -> None:
    page = visit("/")
    page.get_by_role("link", name="Kultūra", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kultūra")
    page.locator(".releases .title").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(page).to_have_url(re.compile("/releases/20"))
    title = heading.inner_text()
    page.get_by_role("navigation", name="Kultūra").get_by_role("link", name="Iepriekšējā").click()
    expect(heading).not_to_have_text(title)
    page.get_by_role("navigation", name="Kultūra").get_by_role("link", name="Nākamā").click()
    expect(heading).to_have_text(title)
    page.goto(page.url.partition("/releases/")[0] + "/")
    page.get_by_role("link", name="Senākas preses relīzes").click()
    expect(heading).to_contain_text("Arhīvs")


def test_any_release_is_three_clicks_away(visit: Open) -> None:
    page = visit("/")
    page.get_by_role("link", name="2021", exact=True).click()
    page.get_by_role("link", name="2021. gada maijs", exact=True).click()
    page.get_by_role("link", name="An exhibition in Liepkalne").click()
    expect(page).to_have_url(re.compile(f"{PAGES['release']}$"))


def test_a_bar_of_the_chart_leads_to_its_year(visit: Open, site: str) -> None:
    page = visit(PAGES["category"])
    expect(page.locator(".chart svg a").first).to_have_attribute("tabindex", "-1")
    # Also above the bar of a year with few releases.
    page.locator(".chart .whole").nth(2).click(position={"x": 5, "y": 1})
    expect(page).to_have_url(f"{site}/categories/kultura/releases/2010")


def test_previous_is_left_and_next_is_right(visit: Open) -> None:
    for address in (PAGES["archive"], PAGES["month"], PAGES["release"]):
        page = visit(address)
        for link in page.locator("nav :is(a.previous, a.next)").all():
            box = link.bounding_box()
            assert box
            left = box["x"] < WIDTHS["wide"] / 2
            assert left == ("previous" in (link.get_attribute("class") or ""))
        assert page.locator("nav a.next").count()


def test_a_range_of_dates_breaks_between_the_dates(visit: Open) -> None:
    page = visit("/releases/archive/1", "narrow")
    for place in (".count", ".pages [aria-current]"):
        dates = page.locator(place).locator(".date").all()
        assert len(dates) == 2
        for date in dates:
            assert date.evaluate("date => date.getClientRects().length") == 1
    assert fits(page)


def test_the_notice_takes_one_line_in_a_wide_window(visit: Open) -> None:
    page = visit("/")
    text, since, heading = (
        page.locator(name).bounding_box() for name in (".notice .text", ".notice .since", "h1")
    )
    assert text
    assert since
    assert heading
    assert text["height"] == since["height"]
    assert text["x"] == heading["x"]
