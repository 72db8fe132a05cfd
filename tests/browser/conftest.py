"""A real browser and a real service: Debian's Chromium, driven by Playwright."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo.portal import write
from tests.portal import Portal

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
"""The folder of the screenshots that the tests take."""

TIMEOUT_MS = 120_000
"""How long a busy machine may take for a step."""

expect.set_options(timeout=TIMEOUT_MS)

WIDTHS = {"narrow": 360, "wide": 1280}
HEIGHT = 900

_HTML = (
    "<p>An <em>invented</em> exhibition.</p><h2>Programme</h2><ul><li>Music</li><li>Dance</li></ul>"
    "<table><thead><tr><th>Day</th><th>Where</th><th>What comes of it</th></tr></thead>"
    "<tbody><tr><td>Monday</td><td>Liepkalne</td><td>Opening</td></tr></tbody></table>"
    "<table><tr><th>Undertaking</th><th>Beginning</th><th>Financing</th><th>Participants</th>"
    "<th>Responsible</th><th>Information</th></tr><tr><td>Exhibition</td><td>2021-05-04</td>"
    "<td>Municipality</td><td>Everybody</td><td>Librarians</td><td>Liepkalne</td></tr></table>"
    "<blockquote><p>Come and see.</p></blockquote>"
    '<p><a href="https://liepkalne.example/a-long-address/that-has-no-place-to-break-anywhere">'
    "https://liepkalne.example/a-long-address/that-has-no-place-to-break-anywhere</a></p>"
)
ENGLISH = json.dumps(
    {
        "title": "An exhibition in Liepkalne",
        "published": "2021-05-04T12:00:00+03:00",
        "categories": ["Kultūra", "Tūrisms"],
        "language": "en",
        "url": "https://old.example/show?id=12",
        "body_html": _HTML,
    }
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield the browser of the run."""
    # Chromium without the windows and menus, which would take most of the time.
    chromium = shutil.which("chromium-headless-shell")
    if chromium is None:
        pytest.skip("needs chromium-headless-shell, which is absent: install it with apt-get")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return a suspended portal with invented releases, one of them in HTML and English."""
    portal = Portal(tmp_path_factory.mktemp("portal"))
    portal.environ["FEEDS_BASE_URL"] = portal.address
    portal.made()
    write(portal.folder / "pages")
    (portal.folder / "pages" / "english.jsonl").write_text(ENGLISH, encoding="utf-8")
    assert portal.feeds("import", portal.folder / "pages").code == 0
    assert portal.feeds("suspend", "--since", "2022-12-31T12:00:00+02:00").code == 0
    return portal


@pytest.fixture(scope="module")
def site(portal: Portal) -> Iterator[str]:
    """Serve the portal and yield its address."""
    with portal.served() as address:
        assert address == portal.address
        yield address


Open = Callable[..., Page]
"""Opens a page in a new context; the options are those of ``Browser.new_context``."""


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Open]:
    """Yield a function that opens pages; any error in the browser fails the test."""
    with visiting(browser, site) as opened:
        yield opened


@contextmanager
def visiting(browser: Browser, site: str) -> Iterator[Open]:
    """Yield a function that opens pages; fail if one has an error or requests another site."""
    contexts = []
    errors: list[str] = []

    def opened(path: str, width: str = "wide", **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": WIDTHS[width], "height": HEIGHT}, locale="lv-LV", **options
        )
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((site, site.replace("127.0.0.1", "localhost"), "data:"))
                else errors.append(f"a request to {request.url}")
            ),
        )
        page.goto(site + path)
        return page

    yield opened
    cookies = [cookie for context in contexts for cookie in context.cookies()]
    for context in contexts:
        context.close()
    assert errors == []
    assert cookies == []


def screenshot(page: Page, name: str, *, whole: bool = False) -> None:
    """Save a screenshot."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)
