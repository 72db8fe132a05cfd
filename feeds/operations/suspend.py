"""Suspend publication, amend the notice, and resume (rule 8 in docs/design.md)."""

from dataclasses import replace
from datetime import datetime

from feeds.domain import Notice, NoticeKind
from feeds.errors import RefusedError
from feeds.identity import notice_id, rank
from feeds.ingest.decide import EARLIEST
from feeds.settings import Settings
from feeds.store import Store
from feeds.text.plain import one_line, remove_forbidden, unix_newlines


def suspend(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    now: datetime,
    *,
    since: datetime | None = None,
    title: str | None = None,
    text: str | None = None,
) -> Notice:
    """Announce a suspension in every selection; return the notice.

    ``since`` is the start date, by default ``now``. Raises ``RefusedError`` if publication is
    already suspended, or if ``since`` is in the future or before the newest release shown.
    """
    words = settings.site.words
    since = (since or now).replace(microsecond=0)
    if since > now:
        raise RefusedError(
            f"--since {since.isoformat()} is in the future: run the command at that time."
        )
    if since < EARLIEST:
        raise RefusedError(
            f"--since {since.isoformat()} is before the year 1000: give a later time."
        )
    with store.change(now) as change:
        if change.snapshot.running_suspension():
            raise RefusedError(
                "Publication is already suspended: use --amend to change the notice."
            )
        latest = next(iter(change.snapshot.newest_headlines(change.snapshot.everything(), 1)), None)
        if latest is not None and latest.published > now:
            raise RefusedError(
                f"The newest release ({latest.path}) is dated in the future: suspend after "
                f"{latest.published.isoformat()}."
            )
        if latest is not None and latest.published > since:
            raise RefusedError(
                f"The suspension would begin at {since.isoformat()}, before the newest release "
                f"({latest.published.isoformat()}, {latest.path}): give a later --since."
            )
        notice = _notice(
            settings,
            NoticeKind.SUSPENSION,
            change.instant,
            since=since,
            title=_title(title) or words.gettext("Publication is suspended indefinitely."),
            text=_text(text)
            or words.gettext(
                "Publication is suspended indefinitely. No new press releases will be published."
            ),
        )
        change.add_notice(notice)
    return notice


def amend(store: Store, now: datetime, *, title: str | None, text: str | None) -> Notice:
    """Change the title or text of the running suspension; return the notice, whose id stays.

    Raises ``RefusedError`` if publication is not suspended.
    """
    with store.change(now) as change:
        notice = change.snapshot.running_suspension()
        if notice is None:
            raise RefusedError("Publication is not suspended: there is no notice to amend.")
        amended = replace(
            notice, title=_title(title) or notice.title, text=_text(text) or notice.text
        )
        if amended != notice:
            amended = replace(amended, updated=change.instant)
            change.replace_notice(amended)
    return amended


def resume(store: Store, settings: Settings, now: datetime, *, text: str | None = None) -> Notice:
    """End the running suspension and announce it; return the notice of the resumption.

    Raises ``RefusedError`` if publication is not suspended.
    """
    words = settings.site.words
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
            title=words.gettext("Publication has resumed."),
            text=_text(text)
            or words.gettext(
                "Publication has resumed. New press releases will be published again."
            ),
        )
        change.add_notice(resumption)
    return resumption


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
