"""Readers of feeds: polls that leave at a steady rate and do not wait for one another.

A load that waits for its answers, such as wrk's, slows down together with the service and hides how
long others would have waited. Here each poll has an instant at which it is due, and its time counts
from there.
"""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from demo.templates import Dice

PATIENCE: Final = 30
"""Seconds after which a reader gives up."""

_SEED = 1
_CONNECTIONS = 32  # so many that each worker accepts some of them
_STATUS = slice(len("HTTP/1.1 "), len("HTTP/1.1 200"))
_ETAG = re.compile(rb"^etag: *(.+?)\r$", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^content-length: *(\d+)\r$", re.IGNORECASE | re.MULTILINE)
_CLOSE = re.compile(rb"^connection: *close\r$", re.IGNORECASE | re.MULTILINE)

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll: when it was due on the clock of the loop, the status, and the seconds until its end.

    The status is 0 if there was no answer within ``PATIENCE``, or only a part of one.
    """

    due: float
    seconds: float
    status: int

    @property
    def failed(self) -> bool:
        """Whether the reader has neither the document nor the answer that it is the same."""
        return self.status not in {200, 304}


class Readers:
    """Clients of one service that request its documents again and again."""

    def __init__(self, port: int, paths: Sequence[str]) -> None:
        self._port = port
        self._paths = paths
        self._idle: deque[_Connection] = deque()
        self.tags: dict[str, str] = {}
        """The entity tag that came last, for each document."""
        self.polls: list[Poll] = []
        self.news: dict[str, tuple[float, bytes]] = {}
        """When a poll of each document was first answered 200 since ``expect_news``; the body."""
        self.all_new = asyncio.Event()
        """Set when there is news of every document."""

    async def request_all(self) -> None:
        """Request each document once. Raises ``RuntimeError`` if one is not answered 200."""
        paths = iter(self._paths)

        async def request_some() -> None:
            for path in paths:
                status, _ = await self._request(path)
                if status != 200:  # noqa: PLR2004 - OK
                    raise RuntimeError(f"{path} answers {status}")

        await asyncio.gather(*(request_some() for _ in range(_CONNECTIONS)))

    async def poll(self, rate: float) -> None:
        """Poll ``rate`` times a second with the tags that came last, until cancelled.

        Each document is polled at regular intervals, in a random order that stays the same. When
        this is cancelled, the polls that have no answer yet are waited for.
        """
        clock = asyncio.get_running_loop().time
        begin = clock()
        polls: set[asyncio.Task[None]] = set()
        try:
            for number, path in enumerate(cycle(Dice(_SEED).shuffled(self._paths))):
                due = begin + number / rate
                # Without a pause, too, the others must have their turn.
                await asyncio.sleep(max(0, due - clock()))
                poll = asyncio.create_task(self._poll(path, due))
                polls.add(poll)
                poll.add_done_callback(polls.discard)
        finally:
            await asyncio.gather(*polls)

    def expect_news(self) -> None:
        """Forget the news so far."""
        self.news.clear()
        self.all_new.clear()

    async def _poll(self, path: str, due: float) -> None:
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await self._request(path, self.tags.get(path))
        except (OSError, EOFError, ValueError):  # a time-out is an OSError
            status, body = 0, b""
        now = clock()
        # A connection that is refused at once is not a fast answer.
        self.polls.append(Poll(due, now - due if status else PATIENCE, status))
        if status == 200:  # noqa: PLR2004 - OK
            self.news.setdefault(path, (now, body))
            if len(self.news) == len(self._paths):
                self.all_new.set()

    async def _request(self, path: str, tag: str | None = None) -> tuple[int, bytes]:
        """Send a request over a connection of its own; return status and body."""
        reader, writer = await self._connection()
        try:
            condition = "" if tag is None else f"If-None-Match: {tag}\r\n"
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
            writer.write(f"{request}{condition}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[_STATUS])
            # 304 has neither a body nor its length.
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
        except BaseException:
            writer.close()
            raise
        if _CLOSE.search(head):
            writer.close()
        else:
            self._idle.append((reader, writer))
        found = _ETAG.search(head)
        if found and status in {200, 304}:
            self.tags[path] = found[1].decode("ascii")
        return status, body

    async def _connection(self) -> _Connection:
        """Return the connection that has been idle longest, or else a new one.

        So all are used in turn, and each worker, which has some of them, is polled.
        """
        while self._idle:
            reader, writer = self._idle.popleft()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)
