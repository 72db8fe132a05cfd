"""Retracts a notice: removes it from every document that contains it."""

from sqlalchemy import func, or_, select, update

from feeds.domain import Notice
from feeds.store.schema.tables import LISTING, NOTICE, SELECTION
from feeds.store.write.change import Change


def retract(change: Change, notice: Notice, entries: int) -> None:
    """Mark a notice as retracted; a subscription document has ``entries`` releases."""
    change.connection.execute(
        update(NOTICE).where(NOTICE.c.entry_id == notice.entry_id).values(retracted=change.instant)
    )
    change.mark_withdrawal()
    if notice.running:
        change.touch_all()
        return
    change.touch_pages_at(notice.announced)
    newer = (
        select(func.count())
        .where(LISTING.c.selection == SELECTION.c.id, LISTING.c.published > notice.announced)
        .scalar_subquery()
    )
    shown = or_(SELECTION.c.count <= entries, newer < entries)
    change.touch(change.connection.scalars(select(SELECTION.c.id).where(shown)))
