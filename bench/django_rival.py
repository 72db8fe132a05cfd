"""A rival: Django's syndication framework on the same rows of the same store, with its cache.

The cache holds whole pages in memory. The middlewares are in the order that Django's documentation
gives.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any

import django
from django.conf import settings
from sqlalchemy.engine import make_url

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.urandom(16).hex(),
    USE_TZ=True,
    MIDDLEWARE=[
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    CACHE_MIDDLEWARE_SECONDS=900,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": make_url(os.environ["FEEDS_DATABASE_URL"]).database,
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=["bench"],
)
django.setup()

# These can be imported only when Django has its settings.
from django.contrib.syndication.views import Feed  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.feedgenerator import Atom1Feed  # noqa: E402

ENTRIES = 50
BASE_URL = os.environ["FEEDS_BASE_URL"]
PORTAL = os.environ["FEEDS_TITLE"]


class Category(models.Model):
    """A category."""

    feed_id = models.TextField()
    slug = models.TextField()
    name = models.TextField()

    class Meta:
        """The table, which Django does not create."""

        db_table = "selection"
        managed = False

    def __str__(self) -> str:
        return str(self.name)


class Release(models.Model):
    """A release with the columns that a feed shows."""

    entry_id = models.TextField()
    path = models.TextField()
    published = models.BigIntegerField()
    updated = models.BigIntegerField()
    title = models.TextField()
    body = models.TextField()
    authors = models.TextField(default="[]")
    categories = models.ManyToManyField(Category, through="Membership", related_name="releases")

    class Meta:
        """The table, which Django does not create."""

        db_table = "release"
        managed = False

    def __str__(self) -> str:
        return str(self.title)


class Membership(models.Model):
    """The membership of a release in a category."""

    pk = models.CompositePrimaryKey("release", "selection")
    release = models.ForeignKey(Release, models.CASCADE, db_column="release")
    selection = models.ForeignKey(Category, models.CASCADE, db_column="selection")

    class Meta:
        """The table, which Django does not create."""

        db_table = "membership"
        managed = False

    def __str__(self) -> str:
        return f"{self.release_id} in {self.selection_id}"


class CategoryFeed(Feed):
    """The feed of a category. Django writes the text of an entry into its summary."""

    feed_type = Atom1Feed
    language = "lv"

    def get_object(self, _request: HttpRequest, slug: str) -> Any:
        """Find the category."""
        return Category.objects.get(slug=slug)

    def title(self, category: Category) -> Any:
        """Return the feed's title."""
        return category.name

    def link(self, category: Category) -> str:
        """Return the URL of the category's page."""
        return f"{BASE_URL}/categories/{category.slug}"

    def feed_url(self, category: Category) -> str:
        """Return the feed's own URL."""
        return f"{BASE_URL}/categories/{category.slug}.atom"

    def feed_guid(self, category: Category) -> Any:
        """Return the feed's id."""
        return category.feed_id

    def items(self, category: Category) -> Any:
        """Return the newest releases."""
        releases = category.releases.order_by("-published")
        return releases.prefetch_related("categories")[:ENTRIES]

    def item_title(self, release: Release) -> Any:
        """Return an entry's title."""
        return release.title

    def item_description(self, release: Release) -> Any:
        """Return an entry's text."""
        return release.body

    def item_link(self, release: Release) -> str:
        """Return an entry's URL."""
        return f"{BASE_URL}/releases/{release.path}"

    def item_guid(self, release: Release) -> Any:
        """Return an entry's id."""
        return release.entry_id

    def item_pubdate(self, release: Release) -> datetime:
        """Return the publication instant of a release."""
        return datetime.fromtimestamp(release.published, UTC)

    def item_updateddate(self, release: Release) -> datetime:
        """Return the instant of a release's last change."""
        return datetime.fromtimestamp(release.updated, UTC)

    def item_author_name(self, release: Release) -> Any:
        """Return the author of a release."""
        return ", ".join(json.loads(release.authors)) or PORTAL

    def item_categories(self, release: Release) -> list[Any]:
        """Return the names of a release's categories."""
        return [category.name for category in release.categories.all()]


urlpatterns = [path("categories/<slug:slug>.atom", CategoryFeed())]
app = get_wsgi_application()
