"""Import releases: inputs through a source, derived once, into the store (rule 11).

A release is imported whole or not at all. The store is committed to about once a second, and an
import that was interrupted is finished by running it again.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from feeds import identity, markup
from feeds.domain import Draft
from feeds.errors import NothingToDoError
from feeds.settings import Settings
from feeds.sources import SOURCES, Record, Source, UnreadableError
from feeds.store.reads import ImportOutcome
from feeds.store.releases import Releases
from feeds.store.writes import change

EMBARGO = timedelta(hours=24)
"""How far ahead of now a release may be dated."""

_BATCH = 200  # records that are looked up and written together
_COMMIT_SECONDS = 1.0


class Outcome(StrEnum):
    """What became of one input."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """One input and what became of it; ``reason`` says why it was refused or skipped."""

    input: str
    outcome: Outcome
    entry_id: str | None = None
    reason: str | None = None
    banner: str = ""
    remarks: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Return the line of a report: one JSON object."""
        stated = {
            "input": self.input,
            "outcome": self.outcome.value,
            "id": self.entry_id,
            "reason": self.reason,
            "remarks": list(self.remarks),
        }
        return json.dumps(stated, ensure_ascii=False)


@dataclass(slots=True)
class Summary:
    """The counts of a run, and how many pages carried which banner."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    banners: Counter[str] = field(default_factory=Counter)

    def note(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        if result.banner:
            self.banners[result.banner] += 1


@dataclass(frozen=True, slots=True)
class _Read:
    """One input, read: its record or why there is none."""

    input: str
    record: Record | None
    reason: str = ""


def import_paths(  # noqa: PLR0913 - each is a field of its own
    engine: Engine,
    settings: Settings,
    paths: Sequence[Path],
    clock: Callable[[], datetime],
    *,
    source: str = "vortal-page",
    dry_run: bool = False,
) -> Iterator[Result]:
    """Import files and folders; yield one result an input, once it is committed.

    Raises ``NothingToDoError`` before anything is changed where a path does not exist or a folder
    holds no input. With ``dry_run`` the same is done and undone.
    """
    kind = SOURCES[source]
    files = _files(paths, kind)
    reads = (_read(path, kind, settings) for path in files)
    run = _Run(engine, settings, clock, dry_run=dry_run)
    return run.results(reads)


def _files(paths: Sequence[Path], kind: Source) -> Iterable[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise NothingToDoError(f"{path} does not exist: nothing was imported.")
        if path.is_dir():
            inside = sorted(
                file for file in path.rglob("*") if file.suffix.lower() in kind.suffixes
            )
            if not inside:
                wanted = " or ".join(kind.suffixes)
                raise NothingToDoError(f"{path} holds no {wanted} file: nothing was imported.")
            found |= dict.fromkeys(inside)
        else:
            found[path] = None
    return found


def _read(path: Path, kind: Source, settings: Settings) -> _Read:
    try:
        if not path.is_file():
            return _Read(str(path), None, "it is no regular file")
        with path.open("rb") as file:
            data = file.read(kind.size_limit + 1)
        if len(data) > kind.size_limit:
            return _Read(str(path), None, f"it is larger than {kind.size_limit // 1024} KiB")
        return _Read(str(path), kind.read(data, settings.timezone))
    except OSError as error:
        return _Read(str(path), None, f"it cannot be read: {error.strerror}")
    except UnreadableError as error:
        return _Read(str(path), None, str(error))


class _Run:
    """One run of an import."""

    def __init__(
        self, engine: Engine, settings: Settings, clock: Callable[[], datetime], *, dry_run: bool
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._dry_run = dry_run
        # The digest under which a release came in this run. That it came again with another is
        # refused: whichever came last would win, and the next run would change both again.
        self._seen: dict[str, str] = {}

    def results(self, reads: Iterator[_Read]) -> Iterator[Result]:
        """Import everything, yielding the results of a transaction after its commit."""
        started = self._clock()
        number = None
        if not self._dry_run:
            with change(self._engine, started) as changing:
                number = changing.begin_import(started)
        summary = Summary()
        while results := self._transaction(reads):
            for result in results:
                summary.note(result)
            yield from results
        if number is not None:
            finished = self._clock()
            counts = {outcome.value: summary.counts[outcome] for outcome in Outcome}
            with change(self._engine, finished) as changing:
                changing.end_import(number, ImportOutcome(started, finished, **counts))

    def _transaction(self, reads: Iterator[_Read]) -> list[Result]:
        results: list[Result] = []
        batch = list(islice(reads, _BATCH))
        if not batch:
            return results
        end = time.monotonic() + _COMMIT_SECONDS
        with change(self._engine, self._clock(), keep=not self._dry_run) as changing:
            releases = Releases(changing, self._settings.minting)
            suspended = next(
                (notice.since for notice in changing.snapshot.notices() if notice.running),
                None,
            )
            while batch:
                results += self._batch(releases, batch, suspended)
                batch = list(islice(reads, _BATCH)) if time.monotonic() < end else []
        return results

    def _batch(
        self, releases: Releases, batch: Sequence[_Read], suspended: datetime | None
    ) -> list[Result]:
        """Import one batch; return the results in the order of its inputs."""
        results: dict[int, Result] = {}
        records: list[tuple[int, _Read, Record, str, str]] = []
        for place, read in enumerate(batch):
            if read.record is None:
                results[place] = Result(read.input, Outcome.REFUSED, reason=read.reason)
                continue
            record = read.record
            title_slug = identity.slug(record.title)
            key = identity.source_key(record.published, title_slug, record.original_id)
            records.append((place, read, record, key, _digest(record)))
        known = releases.known([key for _, _, _, key, _ in records])
        added: list[tuple[int, _Read, Record, Draft]] = []
        for place, read, record, key, digest in records:
            entry_id = known[key].entry_id if key in known else None
            reason = self._refusal(record, key, digest, suspended)
            if reason:
                results[place] = _result(read, record, Outcome.REFUSED, entry_id, reason=reason)
            elif key in self._seen or (key in known and known[key].digest == digest):
                results[place] = _result(read, record, Outcome.UNCHANGED, entry_id)
            else:
                draft = self._draft(record, key, digest)
                if key in known:
                    visible = releases.edit(known[key], draft)
                    outcome = Outcome.CHANGED if visible else Outcome.UNCHANGED
                    results[place] = _result(read, record, outcome, entry_id)
                else:
                    added.append((place, read, record, draft))
            if not reason:
                self._seen.setdefault(key, digest)
        near = releases.add([draft for _, _, _, draft in added])
        for (place, read, record, draft), path in zip(added, near, strict=True):
            remark = (f"it resembles an earlier release, {path}",) if path else ()
            results[place] = _result(read, record, Outcome.ADDED, draft.entry_id, remarks=remark)
        return [results[place] for place in range(len(batch))]

    def _refusal(
        self, record: Record, key: str, digest: str, suspended: datetime | None
    ) -> str | None:
        """Return why a record must not be imported, or None."""
        if record.published > self._clock() + EMBARGO:
            return (
                f"it is embargoed: its date, {record.published.isoformat()}, "
                "lies more than 24 hours ahead"
            )
        if suspended is not None and record.published > suspended:
            return (
                f"it is dated {record.published.isoformat()}, after the suspension began "
                f"({suspended.isoformat()}): resume first"
            )
        if self._seen.get(key, digest) != digest:
            return "the same release came earlier in this import with other content: keep one"
        return None

    def _draft(self, record: Record, key: str, digest: str) -> Draft:
        """Derive a release from a record."""
        title_slug = identity.slug(record.title)
        entry_id = identity.release_id(
            self._settings.minting, record.published, title_slug, record.original_id
        )
        local = record.published.astimezone(self._settings.timezone)
        body = markup.text_html(record.body)
        return Draft(
            source_key=key,
            digest=digest,
            entry_id=entry_id,
            rank=identity.rank(entry_id),
            path=identity.release_path(local, title_slug),
            published=record.published,
            modified=record.modified,
            title=record.title,
            body=body,
            summary=markup.summary(body),
            language=None if record.language == self._settings.language else record.language,
            author=record.author,
            website=record.website,
            contact=record.contact,
            original=record.original,
            labels=record.labels,
        )


def _digest(record: Record) -> str:
    """Identify what the record says and the derivation that it goes through."""
    stated = [
        markup.VERSION,
        record.title,
        record.published.astimezone(UTC).isoformat(),
        sorted(record.labels),
        [(type(block).__name__, block.text) for block in record.body],
        record.website,
        record.contact,
        record.author,
        record.language,
        record.modified and record.modified.astimezone(UTC).isoformat(),
        record.original_id,
        record.original,
    ]
    return hashlib.sha256(json.dumps(stated, ensure_ascii=False).encode()).hexdigest()[:32]


def _result(  # noqa: PLR0913 - each is a field of its own
    read: _Read,
    record: Record,
    outcome: Outcome,
    entry_id: str | None,
    *,
    reason: str | None = None,
    remarks: tuple[str, ...] = (),
) -> Result:
    return Result(read.input, outcome, entry_id, reason, record.banner, record.remarks + remarks)
