"""The files at the base URL, which are the same while the process runs."""

from importlib.resources import files

from feeds.documents.assemble import invitation, page_name
from feeds.documents.representation import Metadata, Representation, entity_tag_of
from feeds.domain import Site
from feeds.text.plain import one_line
from feeds.urls import sitemap_index_url


def assets(site: Site) -> dict[str, Representation]:
    """Return each asset by its name."""
    common = _file("common.css")
    found = {
        "robots.txt": (_robots(site).encode(), "text/plain"),
        "favicon.ico": (_file("favicon.ico"), "image/x-icon"),
        "style.css": (common + _file("style.css"), "text/css"),
        "feed.css": (common + _file("feed.css") + _feed_texts(site).encode(), "text/css"),
        "page.js": (_file("page.js"), "text/javascript"),
    }
    return {
        name: Representation(Metadata(entity_tag_of(body), media_type), body)
        for name, (body, media_type) in found.items()
    }


def _robots(site: Site) -> str:
    """Return the rules for crawlers (RFC 9309) and the address of the sitemaps."""
    return f"User-agent: *\nDisallow:\n\nSitemap: {sitemap_index_url(site)}\n"


def _feed_texts(site: Site) -> str:
    """Return the rules that show in RSS the texts that Atom has in its subtitle."""
    return (
        f'channel > description::after {{ content: " " {_quoted(invitation(site))}; }}\n'
        f'channel > |link::before {{ content: {_quoted(f"{page_name(site)}:")} " "; }}\n'
    )


def _quoted(text: str) -> str:
    """Return a CSS string (CSS Syntax Level 3, §4.3.5)."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _file(name: str) -> bytes:
    return files("feeds.web.pages").joinpath("static", name).read_bytes()
