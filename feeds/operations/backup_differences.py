"""What a restored store lacks of the former one, and the commands that repeat it."""

import shlex
from collections.abc import Iterator, Mapping, Sized
from dataclasses import replace

from feeds.domain import Site
from feeds.operations.suspend import command
from feeds.store import Content
from feeds.urls import Target

_MOST = 10  # of a kind that are named


def differences(before: Content, after: Content, site: Site) -> Iterator[str]:
    """Yield in sentences what the restored store lacks of the former one, and what to do."""
    yield from _releases(before, after)
    notices = {
        "missing": before.notices.keys() - after.notices.keys(),
        "not there before": after.notices.keys() - before.notices.keys(),
        "in another state": {
            id_
            for id_ in before.notices.keys() & after.notices.keys()
            if after.notices[id_] != before.notices[id_]
        },
    }
    if text := _counted(notices):
        yield f"Notices: {text}. `feeds notices` lists those that are there now."
    imports = {
        "missing": before.imports - after.imports,
        "not there before": after.imports - before.imports,
    }
    if text := _counted(imports):
        yield f"Imports: {text}."
    yield from _categories(before, after)
    yield from _addresses(before, after)
    if before.suspension and not after.suspension:
        again = command(site, before.suspension)
        yield f"The portal was suspended, the copy is not: run `{again}`."
    elif after.suspension and not before.suspension:
        yield (
            "The portal is suspended again, as in the copy. If it should not be, run "
            "`feeds resume`."
        )


def _releases(before: Content, after: Content) -> Iterator[str]:
    old, new = before.releases, after.releases
    common = old.keys() & new.keys()
    found = {
        "missing": old.keys() - new.keys(),
        "with other content": {
            id_ for id_ in common if new[id_][0] != old[id_][0] and new[id_][1] == old[id_][1]
        },
        "shown again that were withdrawn": {id_ for id_ in common if new[id_][1] > old[id_][1]},
        "withdrawn that were shown": {id_ for id_ in common if new[id_][1] < old[id_][1]},
    }
    if text := _counted(found | {"not there before": new.keys() - old.keys()}):
        yield f"Releases: {text}."
    for what, ids in found.items():
        yield from _first([f"  {what}: {id_}" for id_ in sorted(ids)])


def _categories(before: Content, after: Content) -> Iterator[str]:
    """Yield what differs in categories; they are merged and renamed by operators only."""
    old, new = before.categories, after.categories
    missing, added = old.keys() - new.keys(), new.keys() - old.keys()
    apart = {id_ for id_ in added if new[id_].slug in before.labels}
    merged = {id_ for id_ in missing if old[id_].slug in after.labels}
    renamed = {id_ for id_ in old.keys() & new.keys() if new[id_][:2] != old[id_][:2]}
    found = {
        "missing": missing - merged,
        "not there before": added - apart,
        "apart that were merged": apart,
        "merged that were apart": merged,
        "with another name": renamed,
    }
    if text := _counted(found):
        yield f"Categories: {text}."
    lost = [(new[id_], before.labels[new[id_].slug]) for id_ in sorted(apart)]
    yield from _first(
        [
            f"{category.name} was part of {old[into].name}: run "
            f"{_run('categories', 'merge', category.slug, new.get(into, old[into]).slug)}."
            for category, into in lost
        ]
    )
    yield from _first(
        [
            f"{new[id_].name} had the name {old[id_].name}: run "
            f"{_run('categories', 'rename', new[id_].slug, old[id_].name)}."
            for id_ in sorted(renamed)
            if old[id_].named
        ]
    )


def _addresses(before: Content, after: Content) -> Iterator[str]:
    """Yield what differs in old addresses; a category is the same under each of its slugs."""
    old, new = before.addresses, after.addresses
    labels = after.labels | before.labels

    def of(target: Target) -> Target:
        return replace(target, slug=labels.get(target.slug, ""))

    found = {
        "missing": old.keys() - new.keys(),
        "not there before": new.keys() - old.keys(),
        "with another target": {
            location
            for location in old.keys() & new.keys()
            if of(new[location]) != of(old[location])
        },
    }
    if text := _counted(found):
        yield f"Old addresses: {text}."
    sentences = []
    for location in sorted(found["missing"] | found["with another target"]):
        run = _run("address", "add", location, str(old[location]))
        if location in new:
            run = f"{_run('address', 'remove', location)} and {run}"
        sentences.append(f"{location} redirected to {old[location]}: run {run}.")
    yield from _first(sentences)


def _counted(found: Mapping[str, Sized]) -> str:
    return ", ".join(f"{len(ids):,} {what}" for what, ids in found.items() if ids)


def _first(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:_MOST]
    if others := len(sentences[_MOST:]):
        yield f"  and {others:,} more"


def _run(*arguments: str) -> str:
    return f"`feeds {shlex.join(arguments)}`"
