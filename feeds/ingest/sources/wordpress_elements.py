"""What the shortcodes and blocks of WordPress mean: pictures, recordings and links as HTML."""

import html
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any

from feeds.ingest.sources.record import InvalidInputError
from feeds.ingest.sources.wordpress_blocks import Block, Place, blocks, is_made_of_blocks
from feeds.ingest.sources.wordpress_markup import link_addresses, markup, paragraphed
from feeds.ingest.sources.wordpress_media import MOST, Media, MediaItem, file_name
from feeds.ingest.sources.wordpress_shortcodes import Meaning, expand
from feeds.text.plain import one_line, unix_newlines, web_address

_AUDIO = ("src", "mp3", "m4a", "ogg", "oga", "wav", "wma", "flac", "aac", "")
_VIDEO = ("src", "mp4", "m4v", "webm", "ogv", "ogg", "wmv", "flv", "mov", "avi", "mpg", "3gp", "")
_ORDERS: dict[str, Callable[[MediaItem], Any]] = {
    "id": attrgetter("number"),
    "title": attrgetter("title"),
}
_SHOWN = {"gallery": "the gallery's picture", "playlist": "the playlist's recording"}
_PICTURES = {"cover", "image", "media-text"}
_FILES = {"audio", "file", "video"}
_DECORATIONS = {"more", "nextpage", "separator", "spacer"}

_DEPTHS = {Place.BEGIN: 1, Place.END: -1, Place.WHOLE: 0}

_SEPARATOR = re.compile(r"[\s,]+")
_END_OF_LINK = re.compile(r"\s*</a\s*>", re.IGNORECASE)
_SOURCE = re.compile(r"""\ssrc\s*=\s*["']?([^\s"'>]+)""", re.IGNORECASE)

_LONGEST = 4 * 1024 * 1024
_MOST_NAMED = 20
_LONGEST_NAME = 60


class Elements:
    """The shortcodes and blocks of one post, whose id is ``post``.

    ``remarks`` says what is missing for them, and which are not known.
    """

    def __init__(self, post: str, media: Media) -> None:
        self._post = post
        self._media = media
        self._length = 0
        self._missing: dict[str, dict[str, None]] = {}
        self._unknown: Counter[str] = Counter()
        self._dynamic: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()
        self._cut: Counter[str] = Counter()
        self._meanings: dict[str, Meaning] = {
            "caption": _caption,
            "wp_caption": _caption,
            "gallery": self._gallery,
            "audio": lambda stated, inner: self._recording("audio", _AUDIO, stated, inner),
            "video": lambda stated, inner: self._recording("video", _VIDEO, stated, inner),
            "playlist": self._playlist,
            "embed": _embed,
        }

    def shown(self, content: str) -> str:
        """Return the HTML that WordPress shows for the content of a post.

        Text beside blocks gets paragraphs, which WordPress itself does not make of it.
        """
        text = unix_newlines(content)
        if not is_made_of_blocks(text):
            return paragraphed(self._expanded("".join(part for part, _ in self._parts(text))))
        runs = [
            ("".join(part for part, _ in run), is_beside)
            for is_beside, run in groupby(self._parts(text), key=itemgetter(1))
        ]
        if not any(is_beside and run.strip() for run, is_beside in runs):
            return self._expanded("".join(run for run, _ in runs))
        return "\n".join(
            paragraphed(self._expanded(run)) if is_beside else self._expanded(run)
            for run, is_beside in runs
        )

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the HTML of a post and of its blocks, and whether it is beside the blocks."""
        sources = _sources(text) if "wp:cover" in text else ()
        depth = 0
        for part in blocks(text):
            if isinstance(part, str):
                yield part, depth == 0
                continue
            depth = max(0, depth + _DEPTHS[part.place])
            yield self._block(part, sources), False

    def _expanded(self, text: str) -> str:
        """Return text with the meanings of its shortcodes, and its addresses as links."""
        shown, unknown = expand(text, self._meanings)
        self._unknown += unknown
        return link_addresses(shown)

    def featured(self, id_: str) -> MediaItem | None:
        """Return the featured picture."""
        return next(self._items("its featured picture", [id_]), None)

    def remarks(self) -> Iterator[str]:
        """Yield what is missing or not known, as sentences."""
        for kind, ids in self._missing.items():
            if len(ids) == 1:
                yield f"{kind} {_enumerated(ids)} is not in the export"
            else:
                yield f"{kind}s {_enumerated(ids)} are not in the export"
        for name in self._empty:
            yield f"the shortcode [{name}] shows no file of the export"
        for name in self._cut:
            yield f"the shortcode [{name}] shows the first {MOST} files of the post alone"
        for name, number in _first(self._unknown):
            what = "ends nothing" if name.startswith("/") else "is not known"
            yield f"the shortcode [{name}] {what} and stays as text{_times(number)}"
        for name, number in _first(self._dynamic):
            yield f"the block {name} has no content in the export{_times(number)}"
        others = sum(
            len(names[_MOST_NAMED:]) for names in map(list, (self._unknown, self._dynamic))
        )
        if others:
            yield f"{others} more shortcodes and blocks are not known"

    def _items(self, kind: str, ids: Iterable[str]) -> Iterator[MediaItem]:
        """Yield the attachments with these ids; those that are missing will be remarked on."""
        for id_ in ids:
            found = self._media.by_id(id_)
            if found:
                yield found
            else:
                self._missing.setdefault(kind, {})[id_] = None

    def _chosen(self, name: str, kind: str, stated: Mapping[str, str]) -> Iterator[MediaItem]:
        """Yield the attachments that a gallery or playlist shows."""
        ids = _ids(stated.get("ids") or stated.get("include") or "")
        if ids:
            yield from self._items(_SHOWN[name], ids)
            return
        post = stated.get("id") or self._post
        found = list(self._media.of_kind(post, kind, MOST + 1))
        if not found:
            self._empty[name] += 1
        if len(found) > MOST:
            self._cut[name] += 1
        found = found[:MOST]
        order = _ORDERS.get(stated.get("orderby", "").lower())
        if order:
            found.sort(key=order)
        if stated.get("order", "").lower() == "desc":
            found.reverse()
        excluded = set(_ids(stated.get("exclude", "")))
        yield from (item for item in found if item.id not in excluded)

    def _gallery(self, stated: Mapping[str, str], inner: str | None) -> str:
        items = self._chosen("gallery", "image", stated)
        return self._listed(map(_figure, items)) + (inner or "")

    def _playlist(self, stated: Mapping[str, str], inner: str | None) -> str:
        items = self._chosen("playlist", stated.get("type", "audio"), stated)
        entries = (f"<li>{_link(item.address, item.name)}</li>" for item in items)
        shown = self._listed(entries)
        return (f"<ul>{shown}</ul>" if shown else "") + (inner or "")

    def _listed(self, shown: Iterable[str]) -> str:
        """Join the items of a gallery or playlist, within the limit for one post."""
        parts: list[str] = []
        for part in shown:
            self._length += len(part)
            if self._length > _LONGEST:
                raise InvalidInputError(
                    f"its galleries and playlists are longer than {_LONGEST} characters"
                )
            parts.append(part)
        return "\n".join(parts)

    def _recording(
        self, kind: str, names: Iterable[str], stated: Mapping[str, str], inner: str | None
    ) -> str:
        """Return links to a recording, which may be stated in several formats."""
        fallback = (inner or "").strip()
        stated_ = [html.unescape(stated[name]) for name in names if stated.get(name)]
        if not stated_ and _is_address(fallback):
            stated_, fallback = [html.unescape(fallback)], ""
        if not stated_:
            stated_ = [item.address for item in self._media.of_kind(self._post, kind, 1)]
        if not stated_:
            self._empty[kind] += 1
        shown = [
            _link(address, self._name(address))
            for address in dict.fromkeys(stated_)
            if html.escape(address) not in fallback
        ]
        if poster := stated.get("poster"):
            shown.insert(0, _picture(html.unescape(poster), ""))
        return " ".join(filter(None, [*shown, fallback]))

    def _name(self, address: str) -> str:
        item = self._media.by_address(address)
        return item.name if item else file_name(address)

    def _block(self, block: Block, sources: Container[str]) -> str:
        """Return what stands for the comment of a block, in a post with these pictures."""
        if block.place is Place.WHOLE:
            return self._meaning(block)
        if block.name == "shortcode":
            return "</p>" if block.place is Place.END else "<p>"
        address = _address(block) if block.name == "cover" else None
        if address and address not in sources:
            return self._meaning(block)  # it is in a style
        return ""

    def _meaning(self, block: Block) -> str:
        """Return the HTML of a block that has none in the export."""
        name, stated = block.name, block.attributes
        address, text = _address(block), _text(block, "label", "title", "alt")
        ids = stated.get("ids") if name == "gallery" else None
        if isinstance(ids, list):
            items = self._items(_SHOWN[name], map(_id, ids))
            return self._listed(map(_figure, items))
        if address and name in _PICTURES:
            return f"<figure>{_picture(address, text)}</figure>"
        if address:
            is_embed = name.startswith(("embed", "core-embed/"))
            shown = text or (address if is_embed else self._name(address))
            return f"<p>{_link(address, shown)}</p>"
        if isinstance(stated.get("id"), int) and name in _PICTURES | _FILES:
            items = self._items(f"the {name} block's file", [_id(stated["id"])])
            return "".join(map(_figure, items))
        if name not in _DECORATIONS:
            self._dynamic[f"with the id {_id(stated['ref'])}" if "ref" in stated else name] += 1
        return ""


def _address(block: Block) -> str | None:
    """Return the address of what a block shows."""
    text = _text(block, "url", "src", "href")
    return text if "://" in text and web_address(text) else None


def _text(block: Block, *keys: str) -> str:
    """Return the first of some attributes that is a text."""
    found = (block.attributes.get(key) for key in keys)
    return next((text for text in found if isinstance(text, str) and text), "")


def _caption(stated: Mapping[str, str], inner: str | None) -> str:
    """Return a figure: the first picture with its link, and the text after it."""
    content = (inner or "").strip()
    text = stated.get("caption", "")
    end = next((found.end() for found, _ in markup(content) if found["tag"] == "img"), 0)
    if end and not text:
        link = _END_OF_LINK.match(content, end)
        end = link.end() if link else end
        content, text = content[:end], content[end:].strip()
    if not text or not content:
        return f"<figure>{content}</figure>" if end else content or text
    return f"<figure>{content}<figcaption>{text}</figcaption></figure>"


def _embed(stated: Mapping[str, str], inner: str | None) -> str:
    text = (inner or "").strip() or stated.get("src", "")
    return _link(html.unescape(text), html.unescape(text)) if _is_address(text) else text


def _figure(item: MediaItem) -> str:
    """Return an attachment as it is shown in a gallery."""
    if item.kind != "image":
        return f"<p>{_link(item.address, item.name)}</p>"
    caption = f"<figcaption>{item.caption}</figcaption>" if item.caption else ""
    return f"<figure>{_picture(item.address, item.alt or item.title)}{caption}</figure>"


def _picture(address: str, alt: str) -> str:
    return f'<img src="{html.escape(address)}" alt="{html.escape(alt)}">'


def _link(address: str, name: str) -> str:
    return f'<a href="{html.escape(address)}">{html.escape(name)}</a>'


def _is_address(text: str) -> bool:
    return "://" in text and web_address(html.unescape(text)) is not None


def _ids(stated: str) -> list[str]:
    return [id_ for id_ in _SEPARATOR.split(html.unescape(stated)) if id_]


def _id(stated: object) -> str:
    return str(stated)[:_MOST_NAMED]


def _enumerated(ids: Iterable[str]) -> str:
    """Join ids as in a sentence."""
    *others, last = [one_line(id_)[:_MOST_NAMED] for id_ in ids]
    if len(others) >= _MOST_NAMED:
        others, last = others[: _MOST_NAMED - 1], f"{len(others) - _MOST_NAMED + 2} more"
    return f"{', '.join(others)} and {last}" if others else last


def _first(numbers: Counter[str]) -> list[tuple[str, int]]:
    """Return the first names, shortened, with their numbers."""
    return [
        (one_line(name)[:_LONGEST_NAME], number)
        for name, number in islice(numbers.items(), _MOST_NAMED)
    ]


def _times(number: int) -> str:
    return f" ({number} times)" if number > 1 else ""


def _sources(content: str) -> set[str]:
    return {html.unescape(source) for source in _SOURCE.findall(content)}
