"""Pages for people: index, category, archive, release and error, in the words of the portal."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from flask import render_template
from markupsafe import Markup

from feeds.documents.assemble import contact_html, selection_title
from feeds.documents.build import MOST_COMBINED, announced, last_changed, surrogate_keys
from feeds.documents.representation import Representation
from feeds.domain import (
    Category,
    Headline,
    Link,
    Notice,
    Release,
    Selection,
    Site,
    running_suspension,
)
from feeds.formats import FORMATS
from feeds.store.read import WHOLE_STORE, Snapshot
from feeds.urls import archive_url, document_url, page_url, release_url
from feeds.web.pages.year_chart import YearChart

HTML: Final = "text/html"

_MANY: Final = 40  # categories, from where on they are found by letter or by search


def index(snapshot: Snapshot, site: Site) -> Representation:
    """Make the index: the announcement, the feeds, the categories, the newest releases."""
    everything = snapshot.everything()
    categories = sorted(
        snapshot.categories(), key=lambda one: site.words.order(one.categories[0].name)
    )
    releases = snapshot.newest_headlines(everything, site.entries)
    initials = _initials(site, categories) if len(categories) > _MANY else {}
    return _page(
        "index.html",
        snapshot,
        site,
        (),
        address=page_url(site, ()),
        feeds=_feeds(site, ()),
        shown=YearChart.of(snapshot, everything),
        categories=categories,
        initials=initials,
        most_combined=MOST_COMBINED,
        releases=releases,
        older=_older(snapshot, site, everything, releases),
    )


def _older(
    snapshot: Snapshot, site: Site, selection: Selection, shown: Sequence[Headline]
) -> str | None:
    """Return where the release stands that follows those shown: on a page of the archive.

    That page may begin with some that are shown already.
    """
    following = snapshot.neighbours(selection, shown[-1])[0] if shown else None
    # While a bulk import runs no page holds it yet.
    number = snapshot.page_of(selection, following) if following else 0
    if following is None or not number:
        return None
    return f"{archive_url(site, selection.categories, number)}#{following.path}"


def _initials(site: Site, categories: Sequence[Selection]) -> dict[str, str]:
    """Return each first letter with the slug of the first category that has it."""
    found: dict[str, str] = {}
    for selection in categories:
        (named,) = selection.categories
        found.setdefault(site.words.alphabet.initial(named.name), named.slug)
    return found


def category(snapshot: Snapshot, site: Site, slug: str) -> Representation | None:
    """Make the page of a category, or None where it is unknown."""
    selection = snapshot.selection((slug,))
    if selection is None:
        return None
    releases = snapshot.newest_headlines(selection, site.entries)
    return _page(
        "category.html",
        snapshot,
        site,
        selection.categories,
        address=page_url(site, selection.categories),
        feeds=_feeds(site, selection.categories) + _feeds(site, ()),
        category=selection.categories[0],
        shown=YearChart.of(snapshot, selection),
        releases=releases,
        older=_older(snapshot, site, selection, releases),
    )


def archive(
    snapshot: Snapshot, site: Site, slugs: Sequence[str], number: int
) -> Representation | None:
    """Make the page of what an archive document holds, or None where there is none."""
    selection = snapshot.selection(slugs)
    page = snapshot.page(selection, number) if selection else None
    if selection is None or page is None:
        return None
    heading = site.words.gettext("All press releases")
    return _page(
        "archive.html",
        snapshot,
        site,
        selection.categories,
        address=archive_url(site, selection.categories, number),
        feeds=_feeds(site, selection.categories) + (_feeds(site, ()) if slugs else []),
        heading=selection.categories[0].name if selection.categories else heading,
        categories=selection.categories,
        page=page,
        releases=snapshot.page_headlines(selection, page),
    )


def release(snapshot: Snapshot, site: Site, path: str) -> Representation | None:
    """Make the page of a release, or None where it is unknown."""
    found = snapshot.release(path)
    if found is None:
        return None
    feeds = [link for member in found.categories for link in _feeds(site, (member,))]
    none = site.words.gettext("The issuer's contact details are not available at present.")
    return _page(
        "release.html",
        snapshot,
        site,
        found.categories,
        address=release_url(site, found.path),
        feeds=feeds + _feeds(site, ()),
        release=found,
        published=site.local(found.published),
        updated=site.local(found.updated),
        contact=Markup(contact_html(site, found.contact)) if found.contact else none,  # noqa: S704 - it went through markup
        beside=[
            (member, *beside)
            for member in found.categories
            if (selection := snapshot.selection((member.slug,)))
            and any(beside := snapshot.neighbours(selection, found))
        ],
        article=_article(site, found),
    )


def error(
    site: Site, status: HTTPStatus, notices: Sequence[Notice], *, too_many: bool = False
) -> Representation:
    """Make the page of an error, which stands at no address of its own.

    ``too_many`` tells that it is one of too many categories for a feed.
    """
    said = site.words
    sentences = {
        HTTPStatus.NOT_FOUND: (
            said.gettext("There is nothing at this address"),
            said.gettext(
                "The address may be mistyped. The home page lists all releases and categories."
            ),
        ),
        HTTPStatus.METHOD_NOT_ALLOWED: (
            said.gettext("This address can only be read"),
            said.gettext("Nothing can be sent to this service."),
        ),
        HTTPStatus.GONE: (
            said.gettext("This press release has been withdrawn"),
            said.gettext("It is no longer available here and has not moved elsewhere."),
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: (
            said.gettext("The archive is unavailable at the moment"),
            said.gettext("Please try again in a few minutes."),
        ),
    }
    sentence, advice = sentences.get(
        status,
        (
            said.gettext("Something went wrong"),
            said.gettext("Please try again later."),
        ),
    )
    if too_many:
        sentence = said.gettext("A feed can combine at most {most} categories.")
        sentence = sentence.format(most=MOST_COMBINED).rstrip(".")
        advice = said.gettext("Go back and select fewer.")
    body = _rendered(
        "error.html",
        site,
        notices,
        feeds=_feeds(site, ()),
        status=status.value,
        sentence=sentence,
        advice=advice,
    )
    return Representation(body.encode(), HTML, parts=frozenset([WHOLE_STORE]))


def _page(
    template: str,
    snapshot: Snapshot,
    site: Site,
    about: Sequence[Category],
    **values: object,
) -> Representation:
    notices = snapshot.notices()
    body = _rendered(template, site, notices, **values)
    return Representation(
        body=body.encode(),
        media_type=HTML,
        # A page shows names and notices beside its release: any change may be one of it.
        changed=last_changed(snapshot, site, snapshot.head().instant),
        announced=announced(notices),
        parts=frozenset([WHOLE_STORE]),
        surrogate_keys=surrogate_keys(about),
    )


def _rendered(template: str, site: Site, notices: Sequence[Notice], **values: object) -> str:
    said = site.words
    running = running_suspension(notices)
    spoken = str(said.locale).replace("_", "-")
    since = ""
    if running is not None and running.since is not None:
        since = said.since(site.local(running.since))
    return render_template(
        template,
        site=site,
        notice=running,
        since=since,
        spoken=spoken,
        # The portal's own words are in its language, whichever the page around them speaks.
        own=Markup(' lang="{}" dir="auto"').format(site.language)
        if site.language != spoken
        else "",
        direction=said.locale.text_direction,
        _=said.gettext,
        pgettext=said.pgettext,
        ngettext=said.ngettext,
        number=said.number,
        date=said.date,
        document_url=lambda *categories: document_url(site, categories),
        page_url=lambda *categories: page_url(site, categories),
        archive_url=lambda categories, number: archive_url(site, categories, number),
        release_url=lambda path: release_url(site, path),
        formats=FORMATS.values(),
        **values,
    )


def _article(site: Site, release: Release) -> Markup:
    """Describe a release to search engines (schema.org/NewsArticle), as JSON-LD."""
    stated = {
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
        "author": {"@type": "Organization", "name": release.author or site.title},
        "publisher": {
            "@type": "Organization",
            "name": site.title,
            "url": page_url(site, ()),
        },
    }
    text = json.dumps(stated, ensure_ascii=False)
    # Within a script element nothing is escaped as in HTML; what could end it is written otherwise.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - nothing is left in it that HTML knows


def _feeds(site: Site, categories: Sequence[Category]) -> list[tuple[str, Link]]:
    """Return the feeds of a selection, for autodiscovery, with their titles."""
    title = selection_title(site, categories)
    return [
        (
            f"{title} ({form.name})",
            Link(
                "alternate", f"{document_url(site, categories)}.{form.extension}", form.media_type
            ),
        )
        for form in FORMATS.values()
    ]
