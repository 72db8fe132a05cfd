"""What the pages have in common: the texts around them, their metadata, and links to feeds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from flask import render_template
from markupsafe import Markup

from feeds.documents.assemble import selection_title
from feeds.documents.build import last_changed, surrogate_keys
from feeds.documents.representation import Metadata, Representation, entity_tag_of
from feeds.domain import (
    Category,
    Headline,
    Link,
    Notice,
    Selection,
    Site,
    running_suspension,
)
from feeds.formats import FORMATS
from feeds.store.read import WHOLE_STORE, Snapshot
from feeds.urls import (
    archive_url,
    category_list_url,
    document_url,
    page_url,
    period_url,
    release_url,
)

HTML: Final = "text/html"


def page(
    template: str,
    snapshot: Snapshot,
    site: Site,
    about: Sequence[Category],
    **values: object,
) -> Representation:
    """Return a page made from a template; ``about`` are the categories by which it is purged."""
    found = representation(rendered(template, site, snapshot.notices(), **values))
    metadata = replace(
        found.metadata,
        # A page shows names, counts and notices, so any change may change it.
        changed=last_changed(snapshot, site, snapshot.head().instant),
        announced=snapshot.head().announced,
        surrogate_keys=surrogate_keys([category.slug for category in about]),
    )
    return Representation(metadata, found.body)


def representation(text: str) -> Representation:
    """Return a page with a tag made from its bytes."""
    body = text.encode()
    return Representation(Metadata(entity_tag_of(body), HTML, parts=(WHOLE_STORE,)), body)


def rendered(template: str, site: Site, notices: Sequence[Notice], **values: object) -> str:
    """Return the text of a page made from a template."""
    words = site.words
    running = running_suspension(notices)
    page_language = str(words.locale).replace("_", "-")
    since = ""
    if running is not None and running.since is not None:
        since = words.since(site.local(running.since))
    return render_template(
        template,
        site=site,
        notice=running,
        since=since,
        page_language=page_language,
        # Texts of the portal are in its language, for which there may be no catalogue.
        portal_lang=Markup(' lang="{}" dir="auto"').format(site.language)
        if site.language != page_language
        else "",
        direction=words.locale.text_direction,
        _=words.gettext,
        pgettext=words.pgettext,
        ngettext=words.ngettext,
        number=words.number,
        date=words.date,
        time=words.time,
        document_url=lambda *categories: document_url(site, categories),
        page_url=lambda *categories: page_url(site, categories),
        archive_url=lambda categories, number: archive_url(site, categories, number),
        category_list_url=lambda number: category_list_url(site, number),
        period_url=lambda categories, period: period_url(site, categories, period),
        release_url=lambda path: release_url(site, path),
        formats=FORMATS.values(),
        **values,
    )


def feeds(site: Site, categories: Sequence[Category]) -> list[tuple[str, Link]]:
    """Return title and link of each feed of a selection, for autodiscovery."""
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


def older(
    snapshot: Snapshot, site: Site, selection: Selection, releases: Sequence[Headline]
) -> str | None:
    """Return the URL of the release after these, on its archive page; None if there is none.

    The archive page may begin with releases that are among these.
    """
    earlier = snapshot.neighbours(selection, releases[-1])[0] if releases else None
    # While a bulk import is running, no archive page may contain it yet.
    number = snapshot.page_of(selection, earlier) if earlier else 0
    if earlier is None or not number:
        return None
    return f"{archive_url(site, selection.categories, number)}#{earlier.path}"
