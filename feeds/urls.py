"""Every URL of the service: its routes, how they are built, and how they are parsed.

Nothing here knows whether anything exists at a URL, and nothing is taken from a request's Host
header: absolute URLs begin with the base URL of the settings.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from feeds.domain import Category, Site
from feeds.formats import FORMATS
from feeds.periods import Period

ROUTES: Final = {
    "index": "/",
    "chooser": "/categories",
    "category": "/categories/<slug>",
    "category_list": "/categories/list/<number>",
    "archive_page": "/releases/archive/<number>",
    "category_archive_page": "/categories/<slug>/archive/<number>",
    "year": "/releases/<year>",
    "month": "/releases/<year>/<month>",
    "day": "/releases/<year>/<month>/<day>",
    # Not directly below the category: one whose slug is "list" has the pages of the list there.
    "category_year": "/categories/<slug>/releases/<year>",
    "category_month": "/categories/<slug>/releases/<year>/<month>",
    "category_day": "/categories/<slug>/releases/<year>/<month>/<day>",
    "release": "/releases/<path:path>",
    "opml": "/feeds.opml",
    "sitemap_index": "/sitemap.xml",
    "selection_sitemap": "/sitemap/pages/<number>.xml",
    "release_sitemap": "/sitemap/releases/<number>.xml",
    "newest_sitemap": "/sitemap/releases/newest.xml",
}
"""Werkzeug rules of what has one format, below the base URL."""

FEED_ROUTES: Final = {
    "feed": "/releases.{extension}",
    "archive_document": "/releases/archive/<number>.{extension}",
    "category_feed": "/categories/<slugs>.{extension}",
    "category_archive_document": "/categories/<slug>/archive/<number>.{extension}",
}
"""Werkzeug rules of what has every format, below the base URL."""

ASSETS: Final = ("robots.txt", "favicon.ico", "style.css", "feed.css", "page.js")
"""Files at the base URL."""

PROBES: Final = ("/healthz", "/readyz", "/metrics")
"""Paths that ask about the process, at the root of the host whatever the base URL."""

OLD_ADDRESS_LENGTH: Final = 2000
"""Maximum length of an old address, in characters."""

_EXTENSIONS = "|".join(FORMATS)
_FILES_FOR_PROGRAMS = (
    *(f".{name}" for name in FORMATS),
    ".opml",
    ".xml",
    ".css",
    ".js",
    ".txt",
    ".ico",
)
_SLUG = re.compile(r"[a-z0-9-]{1,100}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_DAY = r"[0-9]{4}/[0-9]{2}/[0-9]{2}"
_RELEASE_PATH = re.compile(rf"{_DAY}/[a-z0-9~-]{{1,120}}")

_PARTS = {
    "slug": "[a-z0-9+-]+",
    "slugs": "[a-z0-9+-]+",
    "number": "[0-9]+",
    "year": "[0-9]{4}",
    "month": "[0-9]{2}",
    "day": "[0-9]{2}",
    "path:path": rf"{_DAY}/[a-z0-9~-]+",
}


def _pattern(route: str) -> str:
    literals = re.split(r"<([^>]+)>", route.replace("{extension}", "<extension>"))
    parts = _PARTS | {"extension": f"(?:{_EXTENSIONS})"}
    return "".join(
        parts[text] if place % 2 else re.escape(text) for place, text in enumerate(literals)
    )


_OWN = re.compile(
    "|".join(map(_pattern, (*ROUTES.values(), *FEED_ROUTES.values(), *(f"/{a}" for a in ASSETS))))
)
_SUBSCRIPTION = re.compile(
    "|".join(_pattern(FEED_ROUTES[name]) for name in ("feed", "category_feed"))
)
_TARGETS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"/(?:releases\.(?P<format>{_EXTENSIONS}))?",
        rf"/categories/(?P<slug>[a-z0-9-]+)(?:\.(?P<format>{_EXTENSIONS}))?",
        rf"/releases/(?P<release>{_DAY}/[a-z0-9~-]+)",
    )
)

_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_SLASHES = re.compile(rb"//+")
_TRACKING = re.compile(rb"(?:utm_[^=]*|gclid|fbclid)(?:=|$)")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_UNQUOTED_IN_PATH = "/!$&'()*+,;=:@-._~"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a redirect: a release, or a selection in a format.

    ``release`` is the path of a release, ``slug`` that of a category; both are empty for all
    releases. ``format`` is the extension of a feed, None for an HTML page.
    """

    release: str | None
    slug: str
    format: str | None

    def __str__(self) -> str:
        """Return the path below the base URL."""
        if self.release is not None:
            return release_path(self.release)
        if self.format is None:
            return page_path([self.slug] if self.slug else [])
        return f"{selection_path([self.slug] if self.slug else [])}.{self.format}"


def is_slug(text: str) -> bool:
    """Return whether a category could have this slug."""
    return _SLUG.fullmatch(text) is not None


def is_page_number(text: str) -> bool:
    """Return whether an archive page, a page of categories or a sitemap could have this number."""
    return _NUMBER.fullmatch(text) is not None


def is_release_path(text: str) -> bool:
    """Return whether a release could have this path, ``yyyy/mm/dd/slug``."""
    return _RELEASE_PATH.fullmatch(text) is not None


def is_for_programs(path: str) -> bool:
    """Return whether a path is requested by programs rather than by people in a browser."""
    return path in PROBES or path.endswith(_FILES_FOR_PROGRAMS)


def selection_path(slugs: Sequence[str]) -> str:
    """Return the path of a selection's feed, without a format's extension."""
    return f"/categories/{'+'.join(slugs)}" if slugs else "/releases"


def subscription_path(root: str, path: bytes) -> str | None:
    """Return the path of a subscription document below the base URL's path; None for any other."""
    below = path.decode("latin-1")
    if not below.startswith(root):
        return None
    below = below.removeprefix(root)
    return below if _SUBSCRIPTION.fullmatch(below) else None


def combined_slugs(feed: str) -> list[str]:
    """Return the slugs in the path of a combined feed; none for any other feed."""
    slugs = feed.rpartition("/")[2].rpartition(".")[0].split("+")
    return slugs if len(slugs) > 1 else []


def archive_path(slugs: Sequence[str], number: int) -> str:
    """Return the path of an archive page; an archive document adds a format's extension."""
    return f"{selection_path(slugs)}/archive/{number}"


def period_path(slugs: Sequence[str], period: Period) -> str:
    """Return the path of the page of a year, a month or a day of a selection."""
    return f"/categories/{slugs[0]}/releases/{period}" if slugs else f"/releases/{period}"


def page_path(slugs: Sequence[str]) -> str:
    """Return the path of a selection's HTML page: a category's own page, otherwise the index."""
    return f"/categories/{slugs[0]}" if len(slugs) == 1 else "/"


def release_path(path: str) -> str:
    """Return the path of a release's page."""
    return f"/releases/{path}"


def document_url(site: Site, categories: Sequence[Category]) -> str:
    """Return the URL of a subscription document, without a format's extension."""
    return site.base_url + selection_path([category.slug for category in categories])


def archive_url(site: Site, categories: Sequence[Category], number: int) -> str:
    """Return the URL of an archive page; an archive document adds a format's extension."""
    return site.base_url + archive_path([category.slug for category in categories], number)


def page_url(site: Site, categories: Sequence[Category]) -> str:
    """Return the URL of a selection's HTML page."""
    return site.base_url + page_path([category.slug for category in categories])


def period_url(site: Site, categories: Sequence[Category], period: Period) -> str:
    """Return the URL of the page of a year, a month or a day of a selection."""
    return site.base_url + period_path([category.slug for category in categories], period)


def category_list_url(site: Site, number: int) -> str:
    """Return the URL of a page of the list of categories."""
    return f"{site.base_url}/categories/list/{number}"


def release_url(site: Site, path: str) -> str:
    """Return the URL of a release's page."""
    return site.base_url + release_path(path)


def sitemap_index_url(site: Site) -> str:
    """Return the URL of the index of sitemaps."""
    return site.base_url + ROUTES["sitemap_index"]


def selection_sitemap_url(site: Site, number: int) -> str:
    """Return the URL of a sitemap of the pages of selections."""
    return f"{site.base_url}/sitemap/pages/{number}.xml"


def release_sitemap_url(site: Site, number: int | None) -> str:
    """Return the URL of a sitemap of releases; without a number, of the newest releases."""
    return f"{site.base_url}/sitemap/releases/{number or 'newest'}.xml"


def normalize_old_address(path: bytes, query: bytes) -> str:
    """Return an old address in the form in which it is stored and looked up.

    ``path`` is percent-decoded and begins at the root of the host. All spellings of the same path
    become one; the query keeps its order and its percent-encoding.
    """
    quoted = quote(path, safe=_UNQUOTED_IN_PATH)
    return f"{quoted}?{quote(query, safe=_PRINTABLE)}" if query else quoted


def permalink(path: bytes, query: bytes) -> str:
    """Return the form in which the original addresses of releases are stored and looked up.

    It is that of other old addresses without a trailing slash and without tracking parameters;
    several slashes are one. The case of percent-encodings does not matter in the query either.
    """
    path = _SLASHES.sub(b"/", path)
    parameters = (one for one in query.split(b"&") if one and not _TRACKING.match(one))
    kept = _ESCAPE.sub(lambda found: found[0].upper(), b"&".join(parameters))
    return normalize_old_address(path.rstrip(b"/") or b"/", kept)


def comparable_address(url: str) -> str:
    """Return what the addresses of one page have in common: their host and their permalink.

    They may differ in scheme, ``www.``, a trailing slash, the fragment and tracking parameters. The
    permalink begins at the first slash. ``url`` is an absolute http or https URL.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower().removeprefix("www.")
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    host = host.removesuffix(":443" if parts.scheme.lower() == "https" else ":80")
    path = unquote_to_bytes(parts.path.encode(errors="surrogatepass"))
    return host + permalink(path, parts.query.encode(errors="surrogatepass"))


def parse_old_address(text: str) -> str | None:
    """Parse an old address as an operator writes it; return None if no request could have it."""
    try:
        path, _, query = text.encode(errors="surrogateescape").partition(b"?")
    except UnicodeEncodeError:
        return None
    if not path.startswith(b"/") or b"#" in path + query:
        return None
    return normalize_old_address(unquote_to_bytes(path), query)


def is_own_address(base_url: str, address: str) -> bool:
    """Return whether the service itself may answer something at an old address."""
    if address.partition("?")[0] in PROBES:
        return True
    prefix = urlsplit(base_url).path
    below = address.removeprefix(prefix)
    if prefix and below == address:
        return False
    return _OWN.fullmatch(below.rstrip("/") or "/") is not None


def parse_target(base_url: str, text: str) -> Target | None:
    """Parse the URL or path of a possible target of redirects; return None for any other.

    Archive documents, combined feeds and files are not targets.
    """
    if text.startswith(base_url):
        return _target(text.removeprefix(base_url) or "/")
    prefix = urlsplit(base_url).path
    below = (
        _target(text.removeprefix(prefix) or "/") if prefix and text.startswith(prefix) else None
    )
    # The prefix may look like the beginning of a path below it.
    return below or _target(text)


def _target(path: str) -> Target | None:
    for pattern in _TARGETS:
        if match := pattern.fullmatch(path):
            parts = match.groupdict()
            return Target(parts.get("release"), parts.get("slug") or "", parts.get("format"))
    return None
