"""A portal with a past, and all its addresses."""

import json
from collections.abc import Iterator

from tests.portal import Portal

RELEASES = 300
CATEGORIES = 7
FORMATS = ("atom", "rss", "json")


def portal_with_a_past(portal: Portal, releases: int = RELEASES) -> Portal:
    """Fill a portal with all that leaves old addresses, and suspend it."""
    lines = [
        json.dumps(
            {
                "title": f"Relīze Nr. {number}",
                "published": f"2010-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00Z",
                "body_html": f"<p>Teksts «{number}» &amp; <b>viss</b>.</p>" * 5,
                "categories": [f"Tēma {number % CATEGORIES}"],
                "url": f"https://www.prcentrs.example/Relizes/{number}/?p={number}"
                if number % 2
                else f"https://www.prcentrs.example/lv/ziņa-{number}/",
            }
        )
        for number in range(releases)
    ]
    file = portal.write("all.jsonl", "\n".join(lines))
    assert portal.feeds("import", file).code == 0
    paths = [row[0] for row in portal.sql("SELECT path FROM release ORDER BY path")]
    for old, new in (
        ("tema-3", "Kultūra"),
        ("tema-4", "Default"),
        ("default", "Sports"),
        ("sports", "Sports un deja"),
    ):
        assert portal.feeds("categories", "rename", old, new).code == 0
    assert portal.feeds("categories", "merge", "tema-5", "sports").code == 0
    targets = {
        "/rss.php?cat=12": "/releases.rss",
        "/?feed=rss2": "/releases.rss",
        "/Index.php?a=1&b=%C4%81": "/categories/kultura",
        "/index.php?a=1&b=%C4%81": "/categories/kultura.json",
        '/lv/jaun%C4%81kie%20"raksti"': "/",
        "/vecs/": f"/releases/{paths[7]}",
        "/atsaukts.rss": f"/releases/{paths[20]}",
        "/atsaukts?id=5": f"/releases/{paths[20]}",
    }
    for old, target in targets.items():
        assert portal.feeds("address", "add", old, target).code == 0, old
    for path in (paths[20], paths[30]):
        assert portal.feeds("withdraw", f"https://feeds.example.org/releases/{path}").code == 0
    assert portal.feeds("suspend", "--since", "2011-01-01T00:00:00Z").code == 0
    return portal


def addresses(portal: Portal) -> Iterator[str]:
    """Yield the addresses that the store knows, without asking the code that freezes."""
    yield from ("/", "/feeds.opml", "/robots.txt", "/favicon.ico", "/style.css", "/feed.css")
    yield from ("/page.js", "/categories/list/1")
    labels = portal.sql("SELECT slug, archive_pages FROM label")
    # Pages beyond those that a merged category had were never published.
    last = {f"/categories/{slug}": 7 if pages is None else pages for slug, pages in labels}
    for selection in ("/releases", *last):
        yield from (f"{selection}.{form}" for form in FORMATS)
        if selection != "/releases":
            yield selection
        for number in range(1, last.get(selection, 7) + 1):
            yield from (f"{selection}/archive/{number}{end}" for end in ("", ".atom", ".json"))
        below = "" if selection == "/releases" else selection
        yield from (
            f"{below}/releases/{period}" for period in ("2010", "2010/05", "2009", "2010/5")
        )
    yield from (f"/releases/{row[0]}" for row in portal.sql("SELECT path FROM release"))
    yield from (row[0] for row in portal.sql("SELECT location FROM redirect"))
    for (location,) in portal.sql("SELECT location FROM permalink"):
        yield location
        path, mark, query = location.partition("?")
        yield f"{path}/{mark}{query}"
        yield f"{location}{'&' if mark else '?'}utm_source=x&fbclid=1"
    yield from ("/nav", "/nav.atom", "/categories/nav", "/releases/2010/01/01/nav", "/releases/")
    yield from ("/index.html", "/releases.atom?x=1", "/?utm_source=a", "/404.html", "/404.txt")
    yield from ("/categories/nav/archive/1.rss", "/healthz.atom", "/rss.php", "/style.css.br")
