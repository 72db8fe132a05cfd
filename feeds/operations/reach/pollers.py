"""Counting pollers without keeping who they are.

A poller is an address with an agent. It is known by a hash of 8 bytes, keyed with a random salt
that is forgotten with the run, so that no one can find out an address by hashing all of them. Each
takes about 100 bytes of memory, and once more for each feed that it asks for.
"""

import hashlib
import secrets
from collections import Counter
from dataclasses import dataclass

BEFORE, SINCE, HEARD = 1, 2, 4
"""What a poller did: it asked before the announcement, since then, and got the notice."""

_BITS = 3


@dataclass(slots=True)
class Counts:
    """How many pollers there are, and what they did.

    Each of ``pollers`` either has ``heard``, has asked since the announcement but was not yet
    ``certain`` to get the notice, or has asked before and is ``not_back``.
    """

    pollers: int = 0
    before: int = 0
    since: int = 0
    heard: int = 0
    not_certain: int = 0
    not_back: int = 0

    def add(self, done: int, pollers: int) -> None:
        """Count some pollers that did the same."""
        self.pollers += pollers
        self.before += pollers * bool(done & BEFORE)
        self.since += pollers * bool(done & SINCE)
        self.heard += pollers * bool(done & HEARD)
        self.not_certain += pollers * (done & (SINCE | HEARD) == SINCE)
        self.not_back += pollers * (done & (BEFORE | SINCE) == BEFORE)


class Hashes:
    """Hashes of pollers, with a salt of their own."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)

    def of(self, *parts: bytes) -> bytes:
        """Return the hash of some texts, none of which contains a line feed."""
        return hashlib.blake2b(b"\n".join(parts), digest_size=8, key=self._salt).digest()


class Pollers:
    """What pollers did, by a group of each: a reader or a feed."""

    def __init__(self) -> None:
        self._done: dict[bytes, int] = {}

    def add(self, poller: bytes, group: int, done: int) -> None:
        """Remember what a poller did."""
        known = self._done.get(poller)
        self._done[poller] = (group << _BITS if known is None else known) | done

    def counts(self) -> dict[int, Counts]:
        """Return the counts of each group."""
        found: dict[int, Counts] = {}
        for value, pollers in Counter(self._done.values()).items():
            group, done = divmod(value, 1 << _BITS)
            found.setdefault(group, Counts()).add(done, pollers)
        return found
