"""Links that lead to another place in the same body."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from feeds.text import addresses
from feeds.text.elements import ID

OF_PAGE = frozenset({"address", "main"})
"""The ids that the page of a release has outside the body."""


class Targets:
    """The ids in a body to which its links lead. The body has the address ``base``."""

    def __init__(self, body: LexborNode, base: str | None) -> None:
        self._base = base
        found = set(self._found(body))
        self.ids = {id_: _free(id_, found) for id_ in found}
        """How each id is written: one that the page of a release has gets another name."""

    def link(self, address: str | None) -> str | None:
        """Return an address as that of a place in the body, or None if it is none."""
        fragment = self._fragment(address or "") if self.ids else ""
        for stated in (fragment, unquote(fragment)):
            if written := self.ids.get(stated):
                return f"#{fragment if written == stated else written}"
        return None

    def _found(self, body: LexborNode) -> Iterator[str]:
        wanted: set[str] = set()
        for link in body.css('a[href*="#"],area[href*="#"]'):
            fragment = self._fragment(link.attributes.get("href") or "")
            wanted |= {fragment, unquote(fragment)}
        for node in body.css("[id],a[name]") if wanted else ():
            for key in ("id", "name"):
                if (value := node.attributes.get(key)) in wanted and value and ID.fullmatch(value):
                    yield value

    def _fragment(self, address: str) -> str:
        """Return the fragment of an address of the same body, otherwise an empty string."""
        stated, _, fragment = address.strip().partition("#")
        if fragment and (not stated or addresses.web(stated, self._base) == self._base):
            return fragment
        return ""


def _free(id_: str, others: AbstractSet[str]) -> str:
    """Return an id that clashes neither with one of the page nor with one of the body."""
    written = id_
    while written in OF_PAGE or (written != id_ and written in others):
        written += "-"
    return written
