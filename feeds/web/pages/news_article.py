"""The description of a release for search engines (schema.org/NewsArticle, JSON-LD)."""

import json
from typing import Any

from markupsafe import Markup

from feeds.domain import Release, Site
from feeds.urls import page_url, release_url


def news_article(site: Site, release: Release, picture: str | None) -> Markup:
    """Return the description as the content of a script element; ``picture`` is an address."""
    organizations = [_organization(name) for name in release.authors or (site.title,)]
    article: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": release.title,
        "description": release.summary,
        "url": release_url(site, release.path),
        "mainEntityOfPage": release_url(site, release.path),
        "datePublished": site.local(release.published).isoformat(),
        "dateModified": site.local(release.updated).isoformat(),
        "inLanguage": release.language or site.language,
        "articleSection": [category.name for category in release.categories],
        "author": organizations if len(organizations) > 1 else organizations[0],
        "publisher": _organization(site.title) | {"url": page_url(site, ())},
    }
    if picture:
        article["image"] = picture
    text = json.dumps(article, ensure_ascii=False)
    # HTML's escapes have no effect in a script element; JSON's keep the text from ending it.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - no character is left that HTML interprets


def _organization(name: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name}
