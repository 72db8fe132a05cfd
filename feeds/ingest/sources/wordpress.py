"""WordPress eXtended RSS (WXR 1.0 to 1.2), which “Tools → Export” of WordPress writes."""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.domain import Attachment
from feeds.ingest.sources.dates import date
from feeds.ingest.sources.fields import (
    html_body,
    labels,
    language,
    permanent_id,
    title,
)
from feeds.ingest.sources.media import attachments, distinct, media_type, titles
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    Richness,
    SkippedItem,
    Source,
)
from feeds.ingest.sources.unread import Shown, counted, of_summary
from feeds.ingest.sources.wordpress_elements import Elements
from feeds.ingest.sources.wordpress_fields import (
    CONTENT,
    CREATOR,
    authors_of,
    custom_fields,
    enclosures,
    host_of,
    name_of,
    stated_by,
    terms,
    unread,
)
from feeds.ingest.sources.wordpress_markup import paragraphed
from feeds.ingest.sources.wordpress_media import (
    MOST,
    GuestAuthor,
    Media,
    MediaItem,
    Pictures,
)
from feeds.ingest.sources.xml_stream import (
    DamagedItem,
    Element,
    XmlItem,
    head_text,
    items,
    root_name,
    text_of,
)
from feeds.text.html import strip_tags
from feeds.text.plain import one_line, unix_newlines, web_address

_NEVER = "0000-00-00"
_UTC = ZoneInfo("UTC")

_KINDS = {
    "attachment": "an attachment",
    "page": "a page",
    "revision": "a revision",
    "nav_menu_item": "a menu item",
    "wp_block": "a reusable block",
    "wp_template": "a template",
    "wp_template_part": "a template",
    "wp_navigation": "a navigation menu",
    "wp_global_styles": "a style sheet",
    "wp_font_family": "a font",
    "wp_font_face": "a font",
    "custom_css": "a style sheet",
    "customize_changeset": "a change of settings",
    "oembed_cache": "a copy of an embedded page",
    "user_request": "a request about personal data",
    "guest-author": "the profile of an author",
}
_STATES = {
    "draft": "it is a draft",
    "auto-draft": "it is a draft",
    "pending": "it is pending review",
    "future": "it is scheduled for later",
    "private": "it is private",
    "trash": "it is in the trash",
    "inherit": "it belongs to another post",
}
_INTERNAL_TAXONOMIES = {
    "author", "link_category", "nav_menu", "post_format", "wp_pattern_category",
    "wp_template_part_area", "wp_theme",
}  # fmt: skip

_CHUNK = 1024 * 1024
_MARKS = (b"attachment_url", b"guest-author")
_LONGEST_MARK = max(map(len, _MARKS))
_LONGEST = 2000
_LONGEST_CAPTION = 10_000
_NO_PICTURE = {"", "0", "-1"}


def read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record, a refusal or a skipped item for each item.

    A pass for attachments and guest authors comes first.
    """
    with closing(Media(_media(stream, context.head))) as media:
        stream.seek(0)
        export: _Export | None = None
        for number, found in enumerate(items(stream, ("rss",), ("item",)), 1):
            where = f"item {number}"
            if isinstance(found, DamagedItem):
                yield RefusedItem(found.reason, where)
                continue
            export = export or _Export.of(found.element.getparent(), context, media)
            try:
                yield export.item(found, where)
            except InvalidInputError as error:
                yield RefusedItem(str(error), where)


def _media(stream: BinaryIO, head: bytes) -> Iterator[MediaItem | GuestAuthor]:
    """Yield attachments and guest authors up to the first error, which is reported later."""
    if not _may_have_media(stream, head):
        return
    stream.seek(0)
    with suppress(InvalidInputError):
        for number, item in enumerate(items(stream, ("rss",), ("item",))):
            if isinstance(item, DamagedItem):
                continue
            names = map(name_of, item.element.iterchildren("*"))
            found: MediaItem | GuestAuthor | None = None
            if "wp:attachment_url" in names:
                found = _media_item(item.element, number)
            elif item.element.findtext("{*}post_type") == "guest-author":
                found = _guest_author(item.element)
            if found:
                yield found


def _guest_author(item: Element) -> GuestAuthor | None:
    fields = dict(custom_fields(item))
    login = one_line(fields.get("cap-user_login", ""))
    name = one_line(strip_tags(fields.get("cap-display_name") or text_of(item.find("title"))))
    return GuestAuthor(login, name[:_LONGEST]) if login and name else None


def _may_have_media(stream: BinaryIO, head: bytes) -> bool:
    """Whether a search of the bytes finds any; it takes a tenth of the time of parsing them."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    before = b""
    while chunk := stream.read(_CHUNK):
        if any(mark in before + chunk for mark in _MARKS):
            return True
        before = chunk[-_LONGEST_MARK:]
    return False


def _media_item(item: Element, number: int) -> MediaItem | None:
    stated = stated_by(item)
    meta = dict(custom_fields(item))
    address = web_address(stated.get("wp:attachment_url", "").strip().replace(" ", "%20"))
    kind = stated.get("wp:post_type", "attachment").strip()
    if not address or len(address) > _LONGEST or kind != "attachment":
        return None
    order = stated.get("wp:menu_order", "").strip()
    return MediaItem(
        id=stated.get("wp:post_id", "").strip() or f"item {number}",
        address=address,
        parent=stated.get("wp:post_parent", "").strip(),
        position=int(order) if re.fullmatch(r"\d{1,9}", order) else 0,
        media_type=media_type(stated.get("wp:post_mime_type", ""), address),
        title=one_line(strip_tags(stated.get("title", "")))[:_LONGEST],
        caption=_caption((stated.get("excerpt") or stated.get(CONTENT, "")).strip()),
        alt=one_line(strip_tags(meta.get("_wp_attachment_image_alt", "")))[:_LONGEST],
    )


def _caption(stated: str) -> str:
    """Return a caption; a very long one is cut, since a gallery may have a thousand of them."""
    if len(stated) <= _LONGEST_CAPTION:
        return stated
    return escape(one_line(strip_tags(stated))[:_LONGEST_CAPTION]) + "…"


@dataclass(frozen=True, slots=True)
class _Export:
    """What the posts of an export have in common."""

    authors: dict[str, str]
    language: str | None
    host: str
    context: Context
    media: Media

    @classmethod
    def of(cls, channel: Element, context: Context, media: Media) -> "_Export":
        """Return the export that has this channel."""
        addresses = ("link", "wp:base_blog_url", "wp:base_site_url")
        children = (child for child in channel.iterchildren("*") if child.tag != "item")
        stated = {name_of(child): text_of(child) for child in children}
        hosts = (host_of(stated.get(name, "")) for name in addresses)
        spoken = language(stated.get("language"))
        return cls(authors_of(channel), spoken, next(filter(None, hosts), ""), context, media)

    def skipped(self, item: Element, stated: dict[str, str], where: str) -> SkippedItem | None:
        """Return why an item is not a release, or None if it is one."""
        kind = one_line(stated.get("wp:post_type", "")) or "post"
        state = one_line(stated.get("wp:status", "")) or "publish"
        if kind not in self.context.post_types:
            if kind in _KINDS:
                return SkippedItem(f"it is {_KINDS[kind]}", where)
            others = self._other_taxonomies(item)
            return SkippedItem(f"it is of the type {kind}", where, kind, others)
        if state != "publish":
            reason = _STATES.get(state, f"its status is {state}, not publish")
            return SkippedItem(reason, where)
        if stated.get("wp:post_password"):
            return SkippedItem("it is protected by a password", where)
        return None

    def item(self, found: XmlItem, where: str) -> Record | SkippedItem:
        """Return the release of an item, or why it is none. Raises ``InvalidInputError``."""
        stated = stated_by(found.element)
        skipped = self.skipped(found.element, stated, where)
        if skipped is not None:
            return skipped
        record = self.record(found.element, stated, where)
        return replace(
            record,
            dropped=(*found.mended, *record.dropped),
            remarks=(*record.remarks, *found.remarks),
        )

    def record(self, item: Element, stated: dict[str, str], where: str) -> Record:
        """Return the release of an item. Raises ``InvalidInputError``."""
        id_, about_id = permanent_id(stated.get("guid", ""))
        remarks = list(about_id)
        published = self._published(stated, remarks)
        link = web_address(stated.get("link", "").strip()) if stated.get("link") else None
        post = stated.get("wp:post_id", "").strip()
        parts = Elements(post, self.media)
        content = parts.shown(stated.get(CONTENT, ""))
        fields = custom_fields(item)
        thumbnail = dict(fields).get("_thumbnail_id", "")
        featured = parts.featured(thumbnail) if thumbnail not in _NO_PICTURE else None
        recordings = attachments(enclosures(fields), link)
        uploads = self._attachments(post, featured, Pictures(content, link), remarks)
        files = distinct((*uploads, *recordings.kept))
        remarks += parts.remarks()
        excerpt = stated.get("excerpt") or stated.get("description", "")
        body = html_body(content, link)
        summary = html_body(paragraphed(unix_newlines(excerpt)), link)
        heading, untitled = title(strip_tags(stated.get("title", "")), body or summary)
        names = self._authors_of(item, stated)
        shown = Shown(body, summary, heading, *names, *titles(files))
        unseen = (*of_summary(body, summary, "excerpt", shown), *unread(item, fields, shown))
        return Record(
            title=heading,
            published=published,
            labels=labels(
                strip_tags(text_of(term)) for term in terms(item, *self.context.taxonomies)
            ),
            body=body,
            fallback=summary,
            richness=Richness.EXPORT,
            authors=names,
            attachments=files,
            language=self.language,
            modified=self._date(stated, "post_modified", remarks),
            permanent_id=id_,
            host=self.host,
            original=link,
            where=where,
            passed_over=self._other_taxonomies(item),
            dropped=(*recordings.dropped, *counted(unseen)),
            remarks=(*untitled, *remarks),
        )

    def _published(self, stated: dict[str, str], remarks: list[str]) -> datetime:
        invalid: list[str] = []
        found = self._date(stated, "post_date", invalid)
        if found is None and stated.get("pubDate"):
            dated = date(stated["pubDate"], self.context.zone, "pubDate")
            invalid += dated.remarks
            found = dated.instant
        if found is None:
            raise InvalidInputError(invalid[0] if invalid else "it has no publication date")
        remarks += invalid
        return found

    def _date(self, stated: dict[str, str], field: str, remarks: list[str]) -> datetime | None:
        """Return an instant from its field in GMT, otherwise from the one in the site's zone."""
        for name, zone in ((f"wp:{field}_gmt", _UTC), (f"wp:{field}", self.context.zone)):
            text = stated.get(name, "").strip()
            if text and not text.startswith(_NEVER):
                try:
                    dated = date(text, zone, name)
                except InvalidInputError as error:
                    remarks.append(str(error))
                else:
                    remarks += dated.remarks
                    return dated.instant
        return None

    def _authors_of(self, item: Element, stated: dict[str, str]) -> tuple[str, ...]:
        """Return the names of the authors; a plug-in for several has a taxonomy for them."""
        logins = [one_line(text_of(term)) for term in terms(item, "author")]
        logins = list(filter(None, logins)) or [one_line(stated.get(CREATOR, ""))]
        names = (
            self.authors.get(login) or self.media.author(login) or one_line(strip_tags(login))
            for login in logins
        )
        return tuple(dict.fromkeys(filter(None, names)))

    def _other_taxonomies(self, item: Element) -> tuple[str, ...]:
        taken = _INTERNAL_TAXONOMIES.union(self.context.taxonomies)
        stated = (one_line(term.get("domain") or "") for term in item.iterchildren("category"))
        return tuple(dict.fromkeys(name for name in stated if name and name not in taken))

    def _attachments(
        self, post: str, featured: MediaItem | None, shown: Pictures, remarks: list[str]
    ) -> Iterator[Attachment]:
        """Yield the featured picture, and the files that were uploaded to a post.

        Pictures that stand in the content in any size are left out.
        """
        if featured:
            yield _attachment(featured, featured=True)
        found = self.media.of(post, MOST + 1) if post else ()
        for number, item in enumerate(found):
            if number == MOST:
                remarks.append(f"only the first {MOST} of its attachments were read")
            elif item != featured and not (item.kind == "image" and item.address in shown):
                yield _attachment(item)


def _attachment(item: MediaItem, *, featured: bool = False) -> Attachment:
    return Attachment(item.address, item.media_type, None, item.title or None, featured)


def _matches(name: str, head: bytes) -> bool:
    del name
    return root_name(head) == "rss" and "http://wordpress.org/export/" in head_text(head)


SOURCE = Source((".xml",), _matches, read)
