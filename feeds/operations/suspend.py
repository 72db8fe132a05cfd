"""Suspend the publication, amend what was announced, and resume: the last entry (rule 8)."""

from dataclasses import replace
from datetime import datetime

from feeds.domain import Notice, NoticeKind
from feeds.errors import RefusedError
from feeds.identity import notice_id, rank
from feeds.ingest.derive import EARLIEST
from feeds.settings import Settings
from feeds.store import Store
from feeds.text.plain import legal, one_line


def suspend(  # noqa: PLR0913 - each is a field of its own
    store: Store,
    settings: Settings,
    now: datetime,
    *,
    since: datetime | None = None,
    title: str | None = None,
    text: str | None = None,
) -> Notice:
    """Announce a suspension, in every selection at once; return the notice.

    Raises ``RefusedError``, having changed nothing, where one is running already or ``since``
    lies in the future or before the newest release shown.
    """
    said = settings.site.words
    since = (since or now).replace(microsecond=0)
    if since > now:
        raise RefusedError(
            f"--since {since.isoformat()} lies in the future: suspend when the time has come."
        )
    if since < EARLIEST:
        raise RefusedError(
            f"--since {since.isoformat()} lies before the year 1000: name a later one."
        )
    with store.change(now) as change:
        if change.snapshot.running_suspension():
            raise RefusedError(
                "The publication is suspended already: use --amend to change the notice."
            )
        latest = next(iter(change.snapshot.newest_headlines(change.snapshot.everything(), 1)), None)
        if latest is not None and latest.published > now:
            raise RefusedError(
                f"The newest release ({latest.path}) is dated ahead: suspend after "
                f"{latest.published.isoformat()}."
            )
        if latest is not None and latest.published > since:
            raise RefusedError(
                f"The suspension would begin at {since.isoformat()}, before the newest release "
                f"({latest.published.isoformat()}, {latest.path}): name a later --since."
            )
        notice = _notice(
            settings,
            NoticeKind.SUSPENSION,
            change.instant,
            since=since,
            title=_title(title) or said.gettext("Publication is suspended indefinitely."),
            text=_text(text)
            or said.gettext(
                "Publication is suspended indefinitely. No new press releases will be published."
            ),
        )
        change.add_notice(notice)
    return notice


def amend(store: Store, now: datetime, *, title: str | None, text: str | None) -> Notice:
    """Give the running suspension new words under the same id; return the notice."""
    with store.change(now) as change:
        notice = change.snapshot.running_suspension()
        if notice is None:
            raise RefusedError("The publication is not suspended: there is no notice to amend.")
        amended = replace(
            notice, title=_title(title) or notice.title, text=_text(text) or notice.text
        )
        if amended != notice:
            amended = replace(amended, updated=change.instant)
            change.replace_notice(amended)
    return amended


def resume(store: Store, settings: Settings, now: datetime, *, text: str | None = None) -> Notice:
    """Lift the running suspension and announce it; return the new entry's notice."""
    said = settings.site.words
    with store.change(now) as change:
        notice = change.snapshot.running_suspension()
        if notice is None:
            raise RefusedError("The publication is not suspended: there is nothing to resume.")
        change.replace_notice(replace(notice, lifted=change.instant))
        resumption = _notice(
            settings,
            NoticeKind.RESUMPTION,
            change.instant,
            since=None,
            title=said.gettext("Publication has resumed."),
            text=_text(text)
            or said.gettext("Publication has resumed. New press releases are published again."),
        )
        change.add_notice(resumption)
    return resumption


def _notice(  # noqa: PLR0913 - each is a field of its own
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


def _title(stated: str | None) -> str:
    return _given("--title", stated, one_line(stated or ""))


def _text(stated: str | None) -> str:
    text = legal((stated or "").replace("\r\n", "\n").replace("\r", "\n"))[0].strip()
    return _given("--text", stated, text if one_line(text) else "")


def _given(option: str, stated: str | None, text: str) -> str:
    if stated is not None and not text:
        raise RefusedError(f"{option} holds no text: write some, or leave it out.")
    return text
