"""Suspend publication, amend the notice, and resume (rule 8 in docs/design.md)."""

import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from feeds.domain import Notice, NoticeKind, Site
from feeds.errors import RefusedError
from feeds.identity import notice_id, rank
from feeds.ingest.decide import EARLIEST
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Snapshot
from feeds.text.plain import one_line, remove_forbidden, unix_newlines


@dataclass(frozen=True, slots=True)
class Amendment:
    """A notice before and after it was amended; both are the same if nothing has changed."""

    before: Notice
    after: Notice


def suspend(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    now: datetime,
    *,
    since: datetime | None = None,
    title: str | None = None,
    text: str | None = None,
    dry_run: bool = False,
) -> Notice:
    """Announce a suspension in every selection; return the notice. A ``dry_run`` changes nothing.

    ``since`` is the start date, by default ``now``; errors speak in its zone. Raises
    ``RefusedError`` if publication is already suspended, or if ``since`` is in the future or before
    the newest release shown.
    """
    default_title, default_text = _suspension_defaults(settings.site)
    with store.change(now, commit=not dry_run) as change:
        if change.snapshot.running_suspension():
            raise RefusedError(
                "Publication is already suspended: use --amend to change the notice."
            )
        notice = _notice(
            settings,
            NoticeKind.SUSPENSION,
            change.instant,
            since=_start(change.snapshot, settings.site, now, since),
            title=_title(title) or default_title,
            text=_text(text) or default_text,
        )
        change.add_notice(notice)
    return notice


def amend(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    now: datetime,
    *,
    since: datetime | None = None,
    title: str | None = None,
    text: str | None = None,
    dry_run: bool = False,
) -> Amendment:
    """Change the notice of the running suspension, whose id stays. A ``dry_run`` changes nothing.

    Raises ``RefusedError`` if publication is not suspended, or ``since`` could not be the start
    date of a suspension that is announced now.
    """
    with store.change(now, commit=not dry_run) as change:
        notice = change.snapshot.running_suspension()
        if notice is None:
            raise RefusedError("Publication is not suspended: there is no notice to amend.")
        amended = replace(
            notice,
            since=_start(change.snapshot, settings.site, now, since) if since else notice.since,
            title=_title(title) or notice.title,
            text=_text(text) or notice.text,
        )
        if amended != notice:
            amended = replace(amended, updated=change.instant)
            change.replace_notice(amended)
    return Amendment(notice, amended)


def resume(store: Store, settings: Settings, now: datetime, *, text: str | None = None) -> Notice:
    """End the running suspension and announce it; return the notice of the resumption.

    Raises ``RefusedError`` if publication is not suspended.
    """
    default_title, default_text = _resumption_defaults(settings.site)
    with store.change(now) as change:
        notice = change.snapshot.running_suspension()
        if notice is None:
            raise RefusedError("Publication is not suspended: there is nothing to resume.")
        change.replace_notice(replace(notice, lifted=change.instant))
        resumption = _notice(
            settings,
            NoticeKind.RESUMPTION,
            change.instant,
            since=None,
            title=default_title,
            text=_text(text) or default_text,
        )
        change.add_notice(resumption)
    return resumption


def suspend_command(site: Site, notice: Notice) -> str:
    """Return the command that announces a suspension with the start and the words of a notice."""
    return _command(site, ["feeds", "suspend"], notice, (None, *_suspension_defaults(site)))


def amend_command(site: Site, notice: Notice, running: Notice) -> str | None:
    """Return the command that gives the notice that is running the start and words of another.

    None if it has them.
    """
    given = (running.since, running.title, running.text)
    if given == (notice.since, notice.title, notice.text):
        return None
    return _command(site, ["feeds", "suspend", "--amend"], notice, given)


def resume_command(site: Site, notice: Notice) -> str:
    """Return the command that announces a resumption with the text of a notice."""
    return _command(site, ["feeds", "resume"], notice, (None, *_resumption_defaults(site)))


def _command(
    site: Site, words: list[str], notice: Notice, given: tuple[datetime | None, str, str]
) -> str:
    """Return a command with the options of a notice, without those whose values are given."""
    since, title, text = given
    if notice.since and notice.since != since:
        start = notice.since.astimezone(site.zone)
        words += ["--since", _stated(start, start, site)]
    if notice.title != title:
        words += ["--title", notice.title]
    if notice.text != text:
        words += ["--text", notice.text]
    return shlex.join(words)


def _suspension_defaults(site: Site) -> tuple[str, str]:
    """Return the title and the text of a suspension for which none are given."""
    gettext = site.words.gettext
    return gettext("Publication is suspended indefinitely."), gettext(
        "Publication is suspended indefinitely. No new press releases will be published."
    )


def _resumption_defaults(site: Site) -> tuple[str, str]:
    """Return the title of a resumption, and the text for which none is given."""
    gettext = site.words.gettext
    return gettext("Publication has resumed."), gettext(
        "Publication has resumed. New press releases will be published again."
    )


def _start(snapshot: Snapshot, site: Site, now: datetime, since: datetime | None) -> datetime:
    """Return a start date in whole seconds; raise ``RefusedError`` if it cannot be one (rule 8)."""
    start = (since or now.astimezone(site.zone)).replace(microsecond=0)
    stated = _stated(start, start, site)
    if start > now:
        raise RefusedError(f"--since {stated} is in the future: run the command at that time.")
    if start < EARLIEST:
        raise RefusedError(f"--since {stated} is before the year 1000: give a later time.")
    latest = next(iter(snapshot.newest_headlines(snapshot.everything(), 1)), None)
    if latest is None or latest.published <= start:
        return start.astimezone(UTC)
    published = _stated(latest.published, start, site)
    if latest.published > now:
        raise RefusedError(
            f"The newest release ({latest.path}) is dated in the future: suspend after {published}."
        )
    raise RefusedError(
        f"The suspension would begin at {stated}, before the newest release ({latest.path}): "
        f"give --since {published}, which is its instant, or a later one."
    )


def _stated(instant: datetime, given: datetime, site: Site) -> str:
    """Return an instant as --since can state it, in the form in which another was given.

    That is in its zone; a local time has no offset, and midnight is a date.
    """
    local = instant.astimezone(given.tzinfo)
    if given.tzinfo is site.zone and not local.fold:  # without offset, the first of two is meant
        return local.replace(tzinfo=None).isoformat().removesuffix("T00:00:00")
    return local.isoformat()


def _notice(  # noqa: PLR0913 - each is an option
    settings: Settings,
    kind: NoticeKind,
    instant: datetime,
    *,
    since: datetime | None,
    title: str,
    text: str,
) -> Notice:
    entry_id = notice_id(settings.tag_authority, kind.value, instant)
    return Notice(
        kind=kind,
        entry_id=entry_id,
        rank=rank(entry_id),
        announced=instant,
        updated=instant,
        since=since,
        lifted=None,
        title=title,
        text=text,
    )


def _title(given: str | None) -> str:
    return _checked("--title", given, one_line(given or ""))


def _text(given: str | None) -> str:
    text = remove_forbidden(unix_newlines(given or "")).strip()
    return _checked("--text", given, text if one_line(text) else "")


def _checked(option: str, given: str | None, text: str) -> str:
    if given is not None and not text:
        raise RefusedError(f"{option} is empty: give a text, or omit the option.")
    return text
