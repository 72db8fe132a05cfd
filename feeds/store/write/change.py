"""Writes: one change transaction, its place on the change clock, and all that it derives.

A ``Change`` holds the head's row from its beginning to its commit. Whatever becomes visible is
noted for the selections it is visible in; at the end these, and only these, get the revision and
the instant of the change (rule 5). A transaction that changed nothing visible takes none.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, bindparam, insert, select, update

from feeds.domain import Notice
from feeds.store.read.snapshot import ImportOutcome, Snapshot
from feeds.store.schema.tables import ArchivePageRow, HeadRow, ImportRunRow, NoticeRow, SelectionRow
from feeds.store.write.archive_pages import Repaginated, cut

T = TypeVar("T")

_CHUNK = 500  # variables in one IN list; SQLite's own limit is far above


class Change:
    """One change transaction; ``instant`` and ``revision`` are those it will leave.

    ``repaginated`` names, once it is finished, the archive pages that were cut anew.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.snapshot = Snapshot(connection)
        # Any row lock will do where the engine has them; SQLite's BEGIN IMMEDIATE has all.
        head = connection.execute(
            select(HeadRow.revision, HeadRow.instant, HeadRow.page_size).with_for_update()
        ).one()
        self._page_size = head.page_size
        self.repaginated: tuple[Repaginated, ...] = ()
        self.revision = head.revision + 1
        self.instant = max(now.replace(microsecond=0), head.instant + timedelta(seconds=1))
        self._touched: set[int] = set()
        self._touched_pages: set[tuple[int, int]] = set()
        self._touched_all = False
        self._settings: str | None = None

    def touch(self, selections: Iterable[int]) -> None:
        """Note that what these selections show has changed."""
        self._touched.update(selections)

    def touch_pages(self, pages: Iterable[tuple[int, int]]) -> None:
        """Note that what these archive pages hold has changed."""
        self._touched_pages.update(pages)

    def touch_all(self) -> None:
        """Note that what every selection shows has changed."""
        self._touched_all = True

    def set_settings(self, digest: str) -> None:
        """Note which settings and formats documents are made with from now on (rule 5)."""
        self._settings = digest

    def made_under(self, digest: str) -> None:
        """Note under which settings this change derives what it keeps (the years of releases).

        Where they are not those noted, none are any more: ``feeds migrate`` derives it anew.
        """
        noted = self.snapshot.head().settings_digest
        if noted not in {digest, ""}:
            self.set_settings("")

    def add_notice(self, notice: Notice) -> None:
        """Announce: every selection shows it."""
        self.connection.execute(insert(NoticeRow).values(_notice_values(notice)))
        self._show(notice)

    def replace_notice(self, notice: Notice) -> None:
        """Amend or lift the notice of the same entry id."""
        self.connection.execute(
            update(NoticeRow)
            .where(NoticeRow.entry_id == notice.entry_id)
            .values(_notice_values(notice))
        )
        self._show(notice)

    def _show(self, notice: Notice) -> None:
        """Note that every selection shows a notice, and so does a page whose fence lies ahead."""
        self.touch_all()
        if not notice.running:
            ahead = self.connection.execute(
                select(ArchivePageRow.selection, ArchivePageRow.number).where(
                    ArchivePageRow.last_published > notice.announced
                )
            )
            self.touch_pages((row.selection, row.number) for row in ahead)

    def begin_import(self, started: datetime) -> int:
        """Note that an import begins; return its number."""
        result = self.connection.execute(
            insert(ImportRunRow).values(started=started).returning(ImportRunRow.id)
        )
        return result.scalar_one()

    def end_import(self, number: int, outcome: ImportOutcome) -> None:
        """Note the outcome of an import: no reader sees it, so it takes no revision."""
        self.connection.execute(
            update(ImportRunRow)
            .where(ImportRunRow.id == number)
            .values(
                finished=outcome.finished,
                added=outcome.added,
                changed=outcome.changed,
                unchanged=outcome.unchanged,
                skipped=outcome.skipped,
                refused=outcome.refused,
            )
        )

    def cut(self) -> None:
        """Bring the archive pages up to what is listed."""
        made = cut(self.connection, self._page_size, self.revision, self.instant)
        self.touch(made.selections)
        self.touch_pages(made.followed)
        self.repaginated = made.repaginated

    def finish(self) -> None:
        """Give the change its place on the clock, if anything visible changed."""
        touched = self._touched or self._touched_pages or self._touched_all
        if not touched and self._settings is None:
            return
        stamp = {"revision": self.revision, "changed": self.instant}
        head = update(HeadRow).values(revision=self.revision, instant=self.instant)
        if self._settings is not None:
            head = head.values(
                settings_digest=self._settings,
                settings_revision=self.revision,
                settings_changed=self.instant,
            )
        self.connection.execute(head)
        selections = update(SelectionRow).values(stamp)
        if self._touched_all:
            self.connection.execute(selections)
        else:
            for chunk in chunks(sorted(self._touched)):
                self.connection.execute(selections.where(SelectionRow.id.in_(chunk)))
        if self._touched_pages:
            self.connection.execute(
                update(ArchivePageRow)
                .where(
                    ArchivePageRow.selection == bindparam("of"),
                    ArchivePageRow.number == bindparam("numbered"),
                )
                .values(stamp),
                [{"of": of, "numbered": number} for of, number in sorted(self._touched_pages)],
            )


@contextmanager
def finishing(change: Change, *, last: bool) -> Iterator[Change]:
    """Finish a change at the end of a block; make new archive pages in the ``last`` transaction."""
    yield change
    if last:
        change.cut()
    change.finish()


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Part a sequence into runs short enough for one statement."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _notice_values(notice: Notice) -> dict[str, object]:
    return {
        "kind": notice.kind.value,
        "entry_id": notice.entry_id,
        "rank": notice.rank,
        "announced": notice.announced,
        "updated": notice.updated,
        "since": notice.since,
        "lifted": notice.lifted,
        "title": notice.title,
        "text": notice.text,
    }
