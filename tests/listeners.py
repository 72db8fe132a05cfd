"""Functions called by SQLAlchemy's events, for the length of a block.

SQLAlchemy iterates over the listeners of an event while it calls them. A listener added or removed
at that moment by another thread raises "deque mutated during iteration" in a statement of the
service. So this module adds one listener for each event, which stays, and calls the functions of
the moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

_TARGETS: Final[dict[str, type]] = {
    "before_cursor_execute": Engine,
    "after_cursor_execute": Engine,
    "connect": Pool,
}
_functions: Final[dict[str, tuple[Callable[..., object], ...]]] = dict.fromkeys(_TARGETS, ())


def _listen(name: str) -> None:
    @event.listens_for(_TARGETS[name], name)
    def call(*arguments: object) -> None:
        for function in _functions[name]:
            function(*arguments)


for _name in _TARGETS:
    _listen(_name)


@contextmanager
def listening(name: str, function: Callable[..., object]) -> Iterator[None]:
    """Call a function at an event of all engines, or of all pools, with the event's arguments.

    A thread that is in the function when the block ends leaves it afterwards.
    """
    _functions[name] += (function,)
    try:
        yield
    finally:
        _functions[name] = tuple(other for other in _functions[name] if other is not function)
