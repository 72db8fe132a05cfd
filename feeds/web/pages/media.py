"""The pictures and attachments of a release, as its page shows them."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from feeds.domain import Attachment, Release, featured
from feeds.text.catalogue import Words
from feeds.text.plain import one_line

# A tag of sanitised HTML. Its attributes are in double quotes and may contain what looks like one.
_TAG: Final = re.compile(r'<(/?\w+)([^"<>]*+(?>"[^"]*+"[^"<>]*+)*+)>')
_ATTRIBUTE: Final = re.compile(r'([\w-]+)="([^"]*)"')
_EXTENSION: Final = re.compile(r"\.([a-z][a-z0-9]{1,4}|3gp|7z)$", re.IGNORECASE)
# These are extensions of programs that send files.
_PROGRAMS: Final = frozenset(["asp", "aspx", "ashx", "cfm", "cgi", "htm", "html", "jsp", "php"])


@dataclass(frozen=True, slots=True)
class ListedAttachment:
    """An attachment in the list on the page of its release; ``about`` is its type and size."""

    url: str
    media_type: str | None
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Media:
    """What a release shows besides its text.

    ``body`` loads pictures lazily and without a referrer. ``above`` is the picture to show above
    it, ``listed`` the attachments to list below it, and ``picture`` the address of the picture that
    stands for the release elsewhere.
    """

    body: str
    above: Attachment | None
    listed: Sequence[ListedAttachment]
    picture: str | None

    @classmethod
    def of(cls, release: Release, words: Words) -> "Media":
        """Return the pictures and attachments of a release."""
        within = _pictures(release.body)
        main = featured(release.attachments)
        others = [attachment for attachment in release.attachments if attachment is not main]
        attached = [attachment.url for attachment in others if attachment.medium == "image"]
        return cls(
            body=_TAG.sub(_loaded_lazily, release.body) if within else release.body,
            above=main if main and main.url not in within else None,
            listed=[_listed(attachment, words) for attachment in others],
            picture=main.url if main else next(iter([*within, *attached]), None),
        )


def _pictures(body: str) -> list[str]:
    """Return the addresses of the pictures in a body, in order."""
    if "<img" not in body:
        return []
    tags = (dict(_ATTRIBUTE.findall(tag[2])) for tag in _TAG.finditer(body) if tag[1] == "img")
    return [html.unescape(attributes["src"]) for attributes in tags if "src" in attributes]


def _loaded_lazily(tag: re.Match[str]) -> str:
    if tag[1] != "img":
        return tag[0]
    return f'<img loading="lazy" decoding="async" referrerpolicy="no-referrer"{tag[2]}>'


def _listed(attachment: Attachment, words: Words) -> ListedAttachment:
    address = urlsplit(attachment.url)
    file = one_line(unquote(address.path.rpartition("/")[2]))
    about = [_type(attachment, file, words)]
    if attachment.length:
        about.append(words.size(attachment.length))
    return ListedAttachment(
        url=attachment.url,
        media_type=attachment.media_type,
        name=attachment.title or file or address.netloc,
        about=", ".join(about),
    )


def _type(attachment: Attachment, file: str, words: Words) -> str:
    """Return the extension of a file, or else what kind of file it is."""
    extension = _EXTENSION.search(file)
    if extension and extension[1].lower() not in _PROGRAMS:
        return extension[1].upper()
    kinds = {
        "image": words.gettext("Picture"),
        "audio": words.gettext("Audio"),
        "video": words.gettext("Video"),
    }
    return kinds.get(attachment.medium) or words.gettext("Document")
