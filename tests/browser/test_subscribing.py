"""Subscribing in Chromium: copying an address, combining and searching categories."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HEIGHT, WIDTHS, Open, screenshot, visiting
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


def test_the_address_of_a_release_is_copied_in_a_narrow_window(visit: Open, site: str) -> None:
    address = "/releases/2021/05/04/an-exhibition-in-liepkalne"
    page = visit(address, "narrow", **CLIPBOARD)
    button = page.get_by_role("button", name="Kopēt: Šīs preses relīzes adrese")
    field, beside = page.locator("#address").bounding_box(), button.bounding_box()
    assert field
    assert beside
    assert abs(field["y"] - beside["y"]) < field["height"] / 2
    button.click()
    expect(page.get_by_role("button", name="Nokopēts")).to_be_visible()
    assert clipboard(page) == f"{site}{address}"
    screenshot(page, "release-copied-narrow")


def test_the_list_of_feeds_is_saved(visit: Open) -> None:
    page = visit("/")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Visu plūsmu saraksts").click()
    assert saved.value.suggested_filename == "feeds.opml"


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


def portal_of(folder: Path, categories: int) -> Portal:
    """Return a portal with that many categories."""
    portal = Portal(folder)
    portal.environ["FEEDS_BASE_URL"] = portal.address
    portal.made()
    letters = "AĀBCČDEĒFGĢHIĪJKĶLĻMNŅOPRSŠTUŪVZŽ"
    names = [f"{letters[n % len(letters)]}nozare {n}" for n in range(categories)]
    releases = [
        {"title": f"R{n}", "published": f"2010-05-04T12:{n // 60:02}:{n % 60:02}Z", "body": "B"}
        | {"categories": [name]}
        for n, name in enumerate(names)
    ]
    path = portal.write("many.jsonl", "".join(json.dumps(one) + "\n" for one in releases))
    assert portal.feeds("import", path).code == 0
    return portal


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return a portal with as many categories as an index lists."""
    return portal_of(tmp_path_factory.mktemp("wide"), 300)


@pytest.fixture
def visit_wide(browser: Browser, wide: Portal) -> Iterator[Open]:
    with wide.served() as address, visiting(browser, address) as opened:
        yield opened


@pytest.fixture(scope="module")
def wider(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return a portal with more categories than an index lists."""
    return portal_of(tmp_path_factory.mktemp("wider"), 500)


@pytest.fixture
def visit_wider(browser: Browser, wider: Portal) -> Iterator[Open]:
    with wider.served() as address, visiting(browser, address) as opened:
        yield opened


def test_many_categories_are_searched_and_combined(visit_wide: Open, wide: Portal) -> None:
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
    expect(shown).to_have_count(300)
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


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("index-of-the-largest", "/"),
        ("list", "/categories/list/2?category=anozare-0&category=znozare-31"),
        ("list-of-nothing", "/categories/list/1?name=nav"),
    ],
)
def test_the_pages_of_very_many_categories_are_accessible(
    visit_wider: Open, name: str, path: str
) -> None:
    page = visit_wider(path, "narrow")
    screenshot(page, f"{name}-narrow")
    assert fits(page)
    assert violations(page) == []
    page.set_viewport_size({"width": WIDTHS["wide"], "height": HEIGHT})
    screenshot(page, f"{name}-wide")
    assert fits(page)


def test_categories_of_different_letters_are_combined_without_script(
    visit_wider: Open, wider: Portal
) -> None:
    page = visit_wider("/", java_script_enabled=False)
    keep = page.get_by_role("button", name="Paturēt šīs un atzīmēt vēl citas")
    page.locator(".categories input").first.check()
    first = page.locator(".categories input").first.get_attribute("value")
    keep.click()
    letters = page.get_by_role("navigation", name="Kategorijas pēc pirmā burta")
    letters.get_by_text("Ž", exact=True).click()
    expect(page).to_have_url(re.compile(f"/list/5[?]category={first}#category-znozare-"))
    page.get_by_role("checkbox", name="Žnozare 32", exact=True).check()
    page.get_by_label("Meklēt kategoriju").fill("ānozare 1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("ānozare 1")
    page.get_by_role("checkbox", name="Ānozare 1", exact=True).check()
    keep.click()
    expect(page.locator(".categories input:checked")).to_have_count(3)
    page.get_by_role("checkbox", name="Ānozare 1", exact=True).uncheck()
    page.get_by_role("button", name="Atvērt atzīmēto kategoriju plūsmu").click()
    expect(page).to_have_url(f"{wider.address}/categories/{first}+znozare-32.atom")


def test_links_keep_what_is_selected(visit_wider: Open, wider: Portal) -> None:
    page = visit_wider("/")
    expect(page.get_by_role("button", name="Paturēt")).to_have_count(0)
    page.locator(".categories input").first.check()
    page.locator(".categories input").first.uncheck()
    page.get_by_role("link", name="Visas kategorijas alfabēta secībā (500)").click()
    expect(page).to_have_url(f"{wider.address}/categories/list/1")
    page.get_by_role("checkbox", name="Anozare 0", exact=True).check()
    page.get_by_role("link", name="Nākamās kategorijas").click()
    expect(page).to_have_url(f"{wider.address}/categories/list/2?category=anozare-0")
    field = page.get_by_label("Apvienotās plūsmas adrese", exact=True)
    expect(field).to_have_value(f"{wider.address}/categories/anozare-0.atom")
    page.get_by_label("Meklēt kategoriju").fill("žnozare 32")
    page.get_by_role("button", name="Meklēt").click()
    page.get_by_role("checkbox", name="Žnozare 32", exact=True).check()
    expect(field).to_have_value(f"{wider.address}/categories/anozare-0+znozare-32.atom")
    page.get_by_role("navigation", name="Kategorijas pēc pirmā burta").get_by_text("B").click()
    expect(page).to_have_url(re.compile("/list/1[?]category=anozare-0&category=znozare-32#"))
    expect(page.locator(".categories input:checked")).to_have_count(2)
