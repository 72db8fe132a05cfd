"""Subscribing in Chromium: copying an address, combining and searching categories."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WIDTHS, Open, screenshot, visiting
from tests.browser.test_pages import fits, violations
from tests.portal import Portal

pytestmark = pytest.mark.slow

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def clipboard(page: Page) -> str:
    found: str = page.evaluate("navigator.clipboard.readText()")
    return found


def test_the_address_of_a_feed_is_copied(visit: Open, site: str) -> None:
    page = visit("/categories/kultura", **CLIPBOARD)
    page.get_by_role("button", name="Kopēt").click()
    expect(page.get_by_role("button", name="Nokopēts")).to_be_visible()
    assert clipboard(page) == f"{site}/categories/kultura.atom"
    screenshot(page, "category-copied")
    expect(page.get_by_role("button", name="Kopēt")).to_be_visible()


def test_an_address_is_copied_without_the_clipboard_interface(visit: Open, site: str) -> None:
    page = visit("/robots.txt", **CLIPBOARD)
    # As for every page without https.
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(f"{site}/categories/sports")
    page.get_by_role("button", name="Kopēt").click()
    expect(page.get_by_role("button", name="Nokopēts")).to_be_visible()
    page.evaluate("document.querySelector('input').insertAdjacentHTML('afterend', '<textarea>')")
    page.locator("textarea").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("textarea")).to_have_value(f"{site}/categories/sports.atom")


@pytest.mark.parametrize("width", WIDTHS)
def test_several_categories_are_combined_into_one_feed(visit: Open, site: str, width: str) -> None:
    page = visit("/", width, **CLIPBOARD)
    field = page.get_by_label("Apvienotās plūsmas adrese", exact=True)
    submit = page.get_by_role("button", name="Atvērt atzīmēto kategoriju plūsmu")
    expect(field).to_be_hidden()
    expect(submit).to_be_disabled()
    page.get_by_role("checkbox", name="Sports").check()
    page.get_by_role("checkbox", name="Kultūra").check()
    expect(field).to_have_value(f"{site}/categories/kultura+sports.atom")
    page.get_by_role("radio", name="JSON Feed").check()
    expect(field).to_have_value(f"{site}/categories/kultura+sports.json")
    page.locator(".chooser").get_by_role("button", name="Kopēt").click()
    expect(page.locator(".chooser").get_by_role("button", name="Nokopēts")).to_be_visible()
    assert clipboard(page) == f"{site}/categories/kultura+sports.json"
    assert violations(page) == []
    assert fits(page)
    page.locator(".chosen").scroll_into_view_if_needed()
    screenshot(page, f"chooser-{width}")
    with urllib.request.urlopen(clipboard(page)) as answer:
        items = json.load(answer)["items"]
    assert len({item["id"] for item in items}) == len(items) == 51
    assert items[0]["title"] == "Vortāla darbība pārtraukta uz nenoteiktu laiku."
    assert {tag for item in items[1:] for tag in item["tags"]} >= {"Kultūra", "Sports"}
    page.get_by_role("checkbox", name="Sports").uncheck()
    page.get_by_role("checkbox", name="Kultūra").uncheck()
    expect(field).to_be_hidden()


@pytest.mark.parametrize("scripted", [True, False])
def test_the_form_redirects_to_the_combined_feed(visit: Open, site: str, *, scripted: bool) -> None:
    page = visit("/", java_script_enabled=scripted)
    page.get_by_role("checkbox", name="Vide").check()
    page.get_by_role("checkbox", name="Kultūra").check()
    page.get_by_role("button", name="Atvērt atzīmēto kategoriju plūsmu").click()
    expect(page).to_have_url(f"{site}/categories/kultura+vide.atom")
    expect(page.locator("feed > title")).to_have_text("PRCentrs.Lv: Kultūra, Vide")


def test_the_combined_feed_is_still_shown_after_going_back(visit: Open, site: str) -> None:
    page = visit("/")
    page.get_by_role("checkbox", name="Sports").check()
    page.get_by_role("button", name="Atvērt atzīmēto kategoriju plūsmu").click()
    page.wait_for_url(f"{site}/categories/sports.atom")
    page.go_back()
    expect(page.get_by_role("checkbox", name="Sports")).to_be_checked()
    expect(page.get_by_label("Apvienotās plūsmas adrese", exact=True)).to_have_value(
        f"{site}/categories/sports.atom"
    )
    expect(page.get_by_role("button", name="Atvērt atzīmēto kategoriju plūsmu")).to_be_enabled()


def test_the_form_works_under_another_host_name(visit: Open, site: str) -> None:
    page = visit("/robots.txt")
    page.goto(site.replace("127.0.0.1", "localhost") + "/")
    page.get_by_role("checkbox", name="Sports").check()
    page.get_by_role("button", name="Atvērt atzīmēto kategoriju plūsmu").click()
    expect(page.locator("feed > title")).to_have_text("PRCentrs.Lv: Sports")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return a portal with a thousand categories."""
    portal = Portal(tmp_path_factory.mktemp("wide"))
    portal.environ["FEEDS_BASE_URL"] = portal.address
    portal.made()
    letters = "AĀBCČDEĒFGĢHIĪJKĶLĻMNŅOPRSŠTUŪVZŽ"
    names = [f"{letters[n % len(letters)]}nozare {n}" for n in range(1000)]
    releases = [
        {"title": f"R{n}", "published": f"2010-05-04T12:{n // 60:02}:{n % 60:02}Z", "body": "B"}
        | {"categories": [name]}
        for n, name in enumerate(names)
    ]
    path = portal.write("many.jsonl", "".join(json.dumps(one) + "\n" for one in releases))
    assert portal.feeds("import", path).code == 0
    return portal


@pytest.fixture
def visit_wide(browser: Browser, wide: Portal) -> Iterator[Open]:
    with wide.served() as address, visiting(browser, address) as opened:
        yield opened


def test_a_thousand_categories_are_searched_and_combined(visit_wide: Open, wide: Portal) -> None:
    page = visit_wide("/", "narrow")
    # For the whole page axe takes a minute.
    for part in (".search", ".initials", ".chosen", ".categories > li:first-child"):
        assert violations(page, part) == []
    search = page.get_by_label("Meklēt kategoriju")
    # Found without the Latvian letter as well.
    search.fill("knozare 16")
    shown = page.locator(".categories > li:visible")
    expect(shown.first).to_contain_text("Ķnozare 16")
    assert 0 < shown.count() < 20
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{wide.address}/")
    shown.first.get_by_role("checkbox").check()
    field = page.get_by_label("Apvienotās plūsmas adrese", exact=True)
    expect(field).to_be_in_viewport()
    screenshot(page, "chooser-of-many")
    none = page.get_by_role("status").get_by_text("Neviena kategorija nav atrasta.")
    expect(none).to_be_hidden()
    search.evaluate("field => { field.value = 'nav' }")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    expect(none).to_be_visible()
    search.fill("nav tādas")
    expect(shown).to_have_count(1)  # the selected category stays visible
    expect(page.locator(".initials")).to_be_hidden()
    expect(none).to_be_visible()
    search.fill("")
    expect(none).to_be_hidden()
    expect(shown).to_have_count(1000)
    for place in range(20):
        page.locator(".categories input").nth(place).check()
    refused = page.get_by_text("Vienā plūsmā var apvienot ne vairāk kā 20 kategoriju.")
    expect(refused).to_be_visible()
    expect(field).to_be_hidden()
    page.locator(".categories input").nth(3).uncheck()
    expect(refused).to_be_hidden()
    expect(field).to_have_value(re.compile(r"^[^+]*(?:\+[^+]*){19}$"))


def test_initials_link_to_their_categories(visit_wide: Open) -> None:
    page = visit_wide("/", java_script_enabled=False)
    letters = page.get_by_role("navigation", name="Kategorijas pēc pirmā burta")
    letters.get_by_text("Ž", exact=True).click()
    expect(page.locator(".categories > li", has_text="Žnozare").first).to_be_in_viewport()
