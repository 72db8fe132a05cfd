"""The version of documents: whatever affects their bytes and is not in the store.

This module is imported by commands that build no document, so it does not import the formats.
"""

import hashlib
import json
from functools import lru_cache

from feeds.domain import Site

VERSION = 9
"""Increment this with every change of what a format, ``assemble``, ``sitemap``, a page or a text
writes."""


@lru_cache(maxsize=8)
def settings_text(site: Site) -> str:
    """Return ``VERSION`` and the settings that affect documents (rule 5), as JSON.

    Each setting is named here: how a value is printed elsewhere must not change the digest.
    """
    values = {
        "base_url": site.base_url,
        "title": site.title,
        "rights": site.rights,
        "contact": site.contact,
        "language": site.language,
        "locale": str(site.words.locale),
        "catalogue": site.words.catalogue.digest,
        "zone": site.zone.key,
        "entries": site.entries,
        "version": VERSION,
    }
    return json.dumps(values, sort_keys=True)


@lru_cache(maxsize=8)
def settings_digest(site: Site) -> str:
    """Return the digest of ``settings_text``."""
    return hashlib.sha256(settings_text(site).encode()).hexdigest()[:32]
