"""A rival: an ordinary Flask application that renders the same feed at every request.

SQLAlchemy's ORM maps the same rows of the same store, feedgen renders them, Werkzeug answers
conditional requests, and the standard library compresses. Unlike the service, it has a pool of
open connections.
"""

import gzip
import json
import os
from datetime import UTC, datetime

from flask import Flask, Response, request
from sqlalchemy import Column, ForeignKey, Table, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)
from werkzeug.exceptions import NotFound

from bench.feedgen_rival import PlainEntry, atom

ENTRIES = 50

base_url = os.environ["FEEDS_BASE_URL"]
portal = os.environ["FEEDS_TITLE"]
session = sessionmaker(create_engine(os.environ["FEEDS_DATABASE_URL"]))
app = Flask(__name__)


class Base(DeclarativeBase):
    """The base class of the two models."""


membership = Table(
    "membership",
    Base.metadata,
    Column("release", ForeignKey("release.id"), primary_key=True),
    Column("selection", ForeignKey("selection.id"), primary_key=True),
)


class Category(Base):
    """A category."""

    __tablename__ = "selection"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]


class Release(Base):
    """A release with the columns that a feed shows."""

    __tablename__ = "release"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[str]
    path: Mapped[str]
    published: Mapped[int]
    updated: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    summary: Mapped[str]
    authors: Mapped[str]
    categories: Mapped[list[Category]] = relationship(secondary=membership)


@app.get("/categories/<slug>.atom")
def category(slug: str) -> Response:
    """Render the feed of a category."""
    with session() as open_session:
        found = open_session.scalar(select(Category).where(Category.slug == slug))
        if found is None:
            raise NotFound
        releases = open_session.scalars(
            select(Release)
            .where(Release.categories.contains(found))
            .order_by(Release.published.desc())
            .limit(ENTRIES)
            .options(selectinload(Release.categories))
        )
        address = f"{base_url}/categories/{slug}.atom"
        document = atom(found.feed_id, found.name, address, map(_entry, releases))
    response = Response(document, mimetype="application/atom+xml")
    if request.accept_encodings["gzip"]:
        response.set_data(gzip.compress(document, 6))
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.cache_control.max_age = 900
    response.add_etag()
    response.make_conditional(request)
    return response


def _entry(release: Release) -> PlainEntry:
    return PlainEntry(
        id=release.entry_id,
        title=release.title,
        updated=datetime.fromtimestamp(release.updated, UTC),
        published=datetime.fromtimestamp(release.published, UTC),
        link=f"{base_url}/releases/{release.path}",
        author=", ".join(json.loads(release.authors)) or portal,
        category=release.categories[0].name,
        summary=release.summary,
        content=release.body,
    )
