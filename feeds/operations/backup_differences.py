"""What a restored store lacks of the former one, and the commands that repeat it."""

import shlex
from collections.abc import Iterator, Mapping, Sized
from dataclasses import replace
from itertools import chain

from feeds.domain import NoticeKind, Site
from feeds.identity import first_slug
from feeds.operations.suspend import amend_command, resume_command, suspend_command
from feeds.store import Content
from feeds.urls import Target

_MOST = 10  # of a kind that are named


def differences(before: Content, after: Content, site: Site) -> Iterator[str]:
    """Yield in sentences what the restored store lacks of the former one, and what to do.

    They are in the order in which it can be done. A suspension is refused while a release is shown
    that is dated after its start, so withdrawals come before it. While one is in force, imports
    refuse releases that are dated after its start, so what ends or shortens it comes first.
    """
    first, last = _suspension(before, after, site)
    yield from first
    imports = {
        "missing": before.imports - after.imports,
        "not there before": after.imports - before.imports,
    }
    if text := _counted(imports):
        again = "Then repeat the missing ones." if first else "Repeat the missing ones first."
        yield f"Imports: {text}.{f' {again}' if imports['missing'] else ''}"
    yield from _releases(before, after)
    yield from _categories(before, after)
    yield from _addresses(before, after)
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
    running = after.suspension and after.suspension.entry_id  # told first
    retracted = {
        id_
        for id_ in notices["in another state"] - {running}
        if before.notices[id_].retracted and not after.notices[id_].retracted
        # A resumption is retracted with its suspension.
        if before.notices[id_].kind is NoticeKind.SUSPENSION
    }
    yield from _first(
        [f"  not retracted any more: run {_run('notices', 'retract', id_)}." for id_ in retracted]
    )
    yield from last


def _suspension(former: Content, restored: Content, site: Site) -> tuple[list[str], list[str]]:
    """Return what to do about the suspension before anything else, and after everything else."""
    first, last = [], []
    before, after = former.suspension, restored.suspension
    known = former.notices.get(after.entry_id) if after else None
    if known and known.retracted:
        run = _run("notices", "retract", known.entry_id)
        first.append(f"The suspension had been retracted: first run {run}.")
        after = None
    if before and not after:
        run = suspend_command(site, before)
        last.append(f"The portal was suspended, the copy is not: run `{run}`.")
    elif before and after and (again := amend_command(site, before, after)):
        told = "The notice of the suspension was different:"
        if before.since and after.since and before.since > after.since:
            first.append(f"{told} first run `{again}`.")
        else:
            last.append(f"{told} run `{again}`.")
    elif after and not before:
        lost = [
            notice
            for id_, notice in former.notices.items()
            if notice.kind is NoticeKind.RESUMPTION and id_ not in restored.notices
        ]
        latest = max(lost, key=lambda notice: notice.announced, default=None)
        again = resume_command(site, latest) if latest else "feeds resume"
        first.append(
            "The portal is suspended again, as in the copy. If it should not be, first run "
            f"`{again}`."
        )
    return first, last


def _releases(before: Content, after: Content) -> Iterator[str]:
    old, new = before.releases, after.releases
    common = old.keys() & new.keys()
    missing = old.keys() - new.keys()
    found = {
        "missing": {id_ for id_ in missing if old[id_][1]},
        "missing that were withdrawn": {id_ for id_ in missing if not old[id_][1]},
        "with other content": {
            id_ for id_ in common if new[id_][0].differs(old[id_][0]) and new[id_][1] == old[id_][1]
        },
        "shown again that were withdrawn": {id_ for id_ in common if new[id_][1] > old[id_][1]},
        "withdrawn that were shown": {id_ for id_ in common if new[id_][1] < old[id_][1]},
    }
    if text := _counted(found | {"not there before": new.keys() - old.keys()}):
        yield f"Releases: {text}."
    commands = {
        "missing that were withdrawn": ("import it again, then run ", "withdraw"),
        "shown again that were withdrawn": ("run ", "withdraw"),
        "withdrawn that were shown": ("if it should be shown, run ", "restore"),
    }
    for what, ids in found.items():
        if what in commands:
            text, name = commands[what]
            said = [f"{text}{_run(name, id_)}." for id_ in sorted(ids)]
        else:
            said = sorted(ids)
        yield from _first([f"  {what}: {one}" for one in said])


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
    # A category that is missing gets the slug of its first label when it is imported again.
    slugs = {id_: new[id_].slug if id_ in new else first_slug(id_) for id_ in old}
    lost = [(new[id_], before.labels[new[id_].slug]) for id_ in sorted(apart)]
    yield from _first(
        [
            f"{category.name} was part of {old[into].name}: run "
            f"{_run('categories', 'merge', category.slug, slugs[into])}."
            for category, into in lost
        ]
    )
    gained = [(old[id_], after.labels[old[id_].slug]) for id_ in sorted(merged)]
    yield from _first([f"{one.name} is part of {new[into].name}." for one, into in gained])
    names = {id_: _run("categories", "rename", slugs[id_], old[id_].name) for id_ in old}
    yield from _first(
        [
            f"{old[id_].name} is missing: import its releases again"
            f"{f', then run {names[id_]}' if old[id_].named else ''}."
            for id_ in sorted(found["missing"])
        ]
    )
    yield from _first(
        [
            f"{new[id_].name} had the name {old[id_].name}: run {names[id_]}."
            if old[id_].named
            else f"{old[id_].name} is called {new[id_].name}."
            for id_ in sorted(renamed)
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
    # `feeds address add` refuses what has another target, so that is named before the missing ones.
    for location in chain(sorted(found["with another target"]), sorted(found["missing"])):
        run = _run("address", "add", location, str(old[location]))
        if location in new:
            run = f"{_run('address', 'remove', location)} and {run}"
        sentences.append(f"{location} redirected to {old[location]}: run {run}.")
    yield from _first(sentences)
    removed = sorted(found["not there before"])
    yield from _first(
        [f"{one} was removed: run {_run('address', 'remove', one)}." for one in removed]
    )


def _counted(found: Mapping[str, Sized]) -> str:
    return ", ".join(f"{len(ids):,} {what}" for what, ids in found.items() if ids)


def _first(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:_MOST]
    if others := len(sentences[_MOST:]):
        yield f"  and {others:,} more"


def _run(*arguments: str) -> str:
    return f"`feeds {shlex.join(arguments)}`"
