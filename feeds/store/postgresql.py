"""Connections to PostgreSQL that wait for the server for a limited time.

A server whose processes are stopped, or whose network is broken, does not fire its own
``statement_timeout``, so the client has to give up (docs/decisions/0024-replicas.md).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen, PQGenConn

T = TypeVar("T")


class _Patience:
    """The seconds that a block may wait for the server, and those that are left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.left = seconds


_patience: ContextVar[_Patience] = ContextVar("patience", default=_Patience(inf))  # noqa: B039 - of inf, always inf is left


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Limit how long a block waits for the server in all, connecting included.

    The time between statements, which is the client's own, does not count. When no time is left,
    the connection is closed and ``psycopg.OperationalError`` is raised.
    """
    token = _patience.set(_Patience(seconds))
    try:
        yield
    finally:
        _patience.reset(token)


class Connection(psycopg.Connection[Any]):
    """A connection that keeps to the limit of the block in which it is used."""

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """Connect to one address; a name may have several, which psycopg tries one by one."""
        connecting = super()._connect_gen(conninfo)
        patience = _patience.get()
        began = time.monotonic()
        try:
            awaited = next(connecting)
            while time.monotonic() - began < patience.left:
                ready = yield awaited
                awaited = connecting.send(ready)
        except StopIteration as connected:
            connection: Self = connected.value
            return connection
        finally:
            patience.left -= time.monotonic() - began
        raise _no_answer(patience)

    def wait(
        self,
        gen: PQGen[T],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ARG002 - only psycopg's notifications set it
    ) -> T:
        """Wait until the server has answered."""
        patience = _patience.get()
        began = time.monotonic()
        try:
            return super().wait(gen, interval, max(0, patience.left))
        except psycopg.OperationalError:
            if time.monotonic() - began < patience.left:
                raise
            self.close()  # the answer, should it come, belongs to nobody
            raise _no_answer(patience) from None
        finally:
            patience.left -= time.monotonic() - began


def _no_answer(patience: _Patience) -> psycopg.OperationalError:
    return psycopg.OperationalError(f"no answer within {patience.seconds:g} s")
