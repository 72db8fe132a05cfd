"""One change transaction and its place on the change clock (rule 5).

A ``Change`` locks the row of the head until it commits. It records which selections and archive
pages change visibly; at the end only these get its revision, its instant and its token. A change of
nothing visible takes no revision.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from feeds.domain import Notice
from feeds.store.read.rows import ImportOutcome
from feeds.store.read.snapshot import Snapshot
from feeds.store.schema.checksum import checksum, plain_rows
from feeds.store.schema.tables import (
    ARCHIVE_PAGE,
    CHANGE_TOKEN,
    HEAD,
    IMPORT_RUN,
    NOTICE,
    RELEASE,
    SELECTION,
    random_token,
)
from feeds.store.write.archive_pages import Repaginated, Stamp, paginate

T = TypeVar("T")

_CHUNK = 500  # variables in one IN list; SQLite's own limit is far above
_TOKENS = 1000  # of the latest changes, which are stored


def lock_head(connection: Connection) -> None:
    """Wait until no other transaction changes the store; SQLite's has begun with that lock."""
    connection.execute(select(HEAD.c.id).with_for_update())


class Change:
    """One change transaction, which will leave ``revision`` and ``instant`` in the store.

    ``token`` is random: it identifies this change, also among those of a copy of the store. After
    the change has finished, ``repaginated`` names the archive pages that were made again.
    ``other_settings`` means that the settings of ``use_settings`` are not the recorded ones.
    ``left`` is the store's revision after a finished change; None if nothing was changed.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        lock_head(connection)
        self.connection = connection
        self.snapshot = Snapshot(connection)
        self.repaginated: tuple[Repaginated, ...] = ()
        head = self.snapshot.head()
        self.revision = head.revision + 1
        self.instant = max(now.replace(microsecond=0), head.instant + timedelta(seconds=1))
        self.token = random_token()
        self._touched: set[int] = set()
        self._touched_tails: set[int] = set()
        self._touched_pages: set[tuple[int, int]] = set()
        self._touched_all = False
        self._touched_list = False
        self._withdraws = False
        self._merges = False
        self._settings: dict[str, str] | None = None
        self.other_settings = False
        self.left: int | None = None

    def touch(self, selections: Iterable[int]) -> None:
        """Record that these selections change visibly."""
        self._touched.update(selections)

    def touch_tails(self, selections: Iterable[int]) -> None:
        """Record that releases after the last archive pages of these selections change visibly."""
        self._touched_tails.update(selections)
        self.touch(self._touched_tails)

    def touch_pages(self, pages: Iterable[tuple[int, int]]) -> None:
        """Record that these archive pages (selection, number) change visibly."""
        self._touched_pages.update(pages)

    def touch_pages_at(self, instant: datetime) -> None:
        """Record that the archive pages change visibly that contain notices of an instant."""
        pages = self.connection.execute(
            select(ARCHIVE_PAGE.c.selection, func.min(ARCHIVE_PAGE.c.number).label("number"))
            .where(ARCHIVE_PAGE.c.last_published > instant)
            .group_by(ARCHIVE_PAGE.c.selection)
        )
        self.touch_pages((row.selection, row.number) for row in pages)

    def touch_all(self) -> None:
        """Record that every selection changes visibly."""
        self._touched_all = True

    def touch_list(self) -> None:
        """Record that the list of feeds changes visibly."""
        self._touched_list = True

    def mark_withdrawal(self) -> None:
        """Record that what this change touches must no longer be served as it was before."""
        self._withdraws = True

    def mark_merge(self) -> None:
        """Record that the documents of a category that was merged are gone."""
        self._merges = True

    def mark_invisible(self) -> None:
        """Record that this change changes something that no document contains."""
        self.left = self.revision - 1

    def record_settings(self, digest: str, text: str) -> None:
        """Record the settings and formats that documents are made with (rule 5), and the digest."""
        self._settings = {"settings_digest": digest, "settings": text}

    def use_settings(self, digest: str) -> None:
        """Declare the settings by which this change counts releases per year.

        If they are not the recorded ones and something changes visibly, the recorded digest is
        cleared, so that ``feeds migrate`` counts all releases again.
        """
        if self.snapshot.head().settings_digest not in {digest, ""}:
            self.other_settings = True

    def add_notice(self, notice: Notice) -> None:
        """Add a notice."""
        self.connection.execute(insert(NOTICE).values(_columns(notice)))
        self._touch_notice(notice)

    def replace_notice(self, notice: Notice) -> None:
        """Replace the notice that has the same entry id."""
        self.connection.execute(
            update(NOTICE).where(NOTICE.c.entry_id == notice.entry_id).values(_columns(notice))
        )
        self._touch_notice(notice)

    def _touch_notice(self, notice: Notice) -> None:
        """Touch every selection, and the archive pages whose interval includes a past notice."""
        self.touch_all()
        if not notice.running:
            self.touch_pages_at(notice.announced)

    def begin_import(self, started: datetime) -> int:
        """Record the start of an import; return its id. It is not visible to readers."""
        result = self.connection.execute(
            insert(IMPORT_RUN).values(started=started).returning(IMPORT_RUN.c.id)
        )
        return result.scalar_one()

    def end_import(self, id_: int, outcome: ImportOutcome) -> None:
        """Record the outcome of an import."""
        self.connection.execute(
            update(IMPORT_RUN).where(IMPORT_RUN.c.id == id_).values(asdict(outcome))
        )

    def finish(self, *, last: bool) -> None:
        """Write revision and instant to what has changed; ``last``: make new archive pages first.

        Pages are made in the ``last`` transaction of a command, not between two of them.
        """
        if last:
            self._paginate()
        touched = self._touched or self._touched_pages or self._touched_all
        if touched and self.other_settings:
            self._settings = {"settings_digest": ""}
        if not touched and self._settings is None:
            return
        self.left = self.revision
        stamp = {"revision": self.revision, "changed": self.instant, "token": self.token}
        head = update(HEAD).values(revision=self.revision, instant=self.instant)
        if self._touched_list:
            head = head.values(list_token=self.token, list_changed=self.instant)
        if self._withdraws:
            stamp["withdrawal"] = self.revision
            head = head.values(withdrawal=self.revision)
        if self._merges:
            head = head.values(merge=self.revision)
        if self._settings is not None:
            head = head.values(
                **self._settings,
                settings_revision=self.revision,
                settings_changed=self.instant,
                settings_token=self.token,
            )
        self.connection.execute(head)
        self.connection.execute(
            insert(CHANGE_TOKEN).values(revision=self.revision, token=self.token)
        )
        self.connection.execute(
            delete(CHANGE_TOKEN).where(CHANGE_TOKEN.c.revision <= self.revision - _TOKENS)
        )
        self._stamp_selections(stamp)
        if self._touched_pages:
            self.connection.execute(
                update(ARCHIVE_PAGE)
                .where(
                    ARCHIVE_PAGE.c.selection == bindparam("selection_id"),
                    ARCHIVE_PAGE.c.number == bindparam("page_number"),
                )
                .values(_stamped(ARCHIVE_PAGE, stamp)),
                [
                    {"selection_id": selection, "page_number": number}
                    for selection, number in sorted(self._touched_pages)
                ],
            )

    def _stamp_selections(self, stamp: Mapping[str, object]) -> None:
        selections = update(SELECTION).values(_stamped(SELECTION, stamp))
        if self._touched_all:
            self.connection.execute(selections)
        else:
            for chunk in chunks(sorted(self._touched)):
                self.connection.execute(selections.where(SELECTION.c.id.in_(chunk)))
        tails = update(SELECTION).values(tail_changed=self.instant)
        for chunk in chunks(sorted(self._touched_tails)):
            self.connection.execute(tails.where(SELECTION.c.id.in_(chunk)))

    def _paginate(self) -> None:
        page_size = self.snapshot.head().page_size
        # A page that is made again may show other releases than before, withdrawn ones among them.
        withdrawal = self.revision if self._withdraws else self.snapshot.head().withdrawal
        stamp = Stamp(self.revision, self.instant, self.token, withdrawal)
        made = paginate(self.connection, page_size, stamp)
        self.touch(made.selections)
        self.touch_pages(made.followed)
        self.repaginated = made.repaginated


def _stamped(table: Table, stamp: Mapping[str, object]) -> dict[str, object]:
    """Return the columns of a row that has changed; they refer to the values before the change."""
    return {
        **stamp,
        "previous_changed": table.c.changed,
        "previous_token": table.c.token,
    }


def update_release(connection: Connection, release: int, values: Mapping[str, object]) -> None:
    """Change columns of a release, and its checksum with them."""
    this = RELEASE.c.id == release
    connection.execute(update(RELEASE).where(this).values(dict(values)))
    row = connection.execute(plain_rows().where(this)).one()
    connection.execute(update(RELEASE).where(this).values(checksum=checksum(row._asdict())))


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Divide a sequence into parts that are short enough for one statement."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _columns(notice: Notice) -> dict[str, object]:
    return asdict(notice) | {"kind": notice.kind.value}
