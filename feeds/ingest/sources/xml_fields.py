"""What entries of Atom and items of RSS have in common: dates, and marks of what is not public."""

from collections.abc import Mapping

from feeds.ingest.sources.dates import Date, date
from feeds.ingest.sources.record import Context
from feeds.ingest.sources.xml_stream import Element, text_of

DC = "{http://purl.org/dc/elements/1.1/}"
_BLOGGER = "{http://schemas.google.com/blogger/2018}"
_REPLY = "{http://purl.org/syndication/thread/1.0}in-reply-to"
_APP = ("{http://www.w3.org/2007/app}", "{http://purl.org/atom/app#}")
_KINDS = {
    "template": "it is a template",
    "settings": "it is a setting",
    "comment": "it is a comment",
    "page": "it is a page",
}
_STATES = {
    "draft": "it is a draft",
    "scheduled": "it is scheduled for later",
    "soft_trashed": "it is in the trash",
}


def is_kind(category: Element) -> bool:
    """Whether a category says what an entry is, as in an export of Blogger, and not its topic."""
    return (category.get("scheme") or "").strip().endswith("#kind")


def skip_reason(item: Element) -> str | None:
    """Return why an item is not a published release, or None if it is one."""
    kinds = [
        (category.get("term") or "").strip().rpartition("#")[2]
        for category in item.iterchildren("{*}category")
        if is_kind(category)
    ]
    kinds.append(_word(item, f"{_BLOGGER}type"))
    reason = next((_KINDS[kind] for kind in kinds if kind in _KINDS), None)
    if reason is None and item.find(_REPLY) is not None:
        reason = _KINDS["comment"]
    if reason is None and any(_word(item, f"{app}control/{app}draft") == "yes" for app in _APP):
        reason = _STATES["draft"]
    return reason or _STATES.get(_word(item, f"{_BLOGGER}status"))


def _word(item: Element, path: str) -> str:
    return text_of(item.find(path)).strip().lower()


def first_date(item: Element, names: Mapping[str, str], context: Context) -> Date | None:
    """Return the first of these dates that an item states; ``names`` are for messages.

    Raises ``InvalidInputError``.
    """
    for tag, name in names.items():
        if stated := text_of(item.find(tag)).strip():
            return date(stated, context.zone, name)
    return None
