"""An invented portal: any number of release pages; the same seed gives the same pages.

The pages have the form of the portal's saved pages. Every organisation in them is invented.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from demo.templates import Category, Dice, Template, body, categories, filled
from demo.words import COMPANIES, FAMILIES, MEN, MINISTRIES, MONTHS, PLACES, SOCIETIES, WOMEN

BANNER: Final = (
    "Vortāla darbība pārtraukta uz nenoteiktu laiku. Jaunas preses relīzes publicētas netiks."
)
TEXT_SIZE: Final = "Samazināt palielināt tekstu"
CONTACT: Final = "Preses relīzes iesniedzēja kontaktinformācija"
COPYRIGHT: Final = "Copyright © 2007-2022 PRCentrs.Lv"

YEARS: Final = (2008, 2022)
LAST_DAY: Final = date(2022, 9, 30)
WEB_SHARE: Final = 0.88
CONTACT_SHARE: Final = 0.2
TRIES: Final = 1000
SATURDAY: Final = 5
# Latvia introduced the euro on the first day of this year.
FIRST_EURO_YEAR: Final = 2014
# Public holidays on fixed dates.
HOLIDAYS: Final = {
    (1, 1),
    (5, 1),
    (5, 4),
    (6, 23),
    (6, 24),
    (11, 18),
    (12, 24),
    (12, 25),
    (12, 26),
    (12, 31),
}


@dataclass(frozen=True)
class Release:
    """A release before it is laid out as a page."""

    category: str
    title: str
    published: datetime
    paragraphs: tuple[str, ...]
    web: str
    contact: str


def pages(count: int = 420, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of each page, the oldest release first."""
    releases = sorted(_releases(count, Dice(seed)), key=lambda release: release.published)
    for number, release in enumerate(releases, start=1):
        yield f"{number:04d}.txt", _page(release)


def _page(release: Release) -> str:
    contact = f": {release.contact}" if release.contact else " šobrīd nav pieejama."
    head = [BANNER, release.category, release.title]
    head += [f"Publicēts {release.published:%Y-%m-%d %H:%M:%S}", TEXT_SIZE]
    tail = ([release.web] if release.web else []) + [CONTACT + contact, COPYRIGHT]
    # As in the saved pages: two blank lines follow the body, and the last line has no line ending.
    return "\n\n".join((*head, *release.paragraphs)) + "\n\n\n" + "\n\n".join(tail)


def _releases(count: int, dice: Dice) -> Iterator[Release]:
    titles: set[str] = set()
    times: set[datetime] = set()
    for category, size in _sizes(categories(), count):
        for place in range(size):
            # In turn rather than at random, so that every template is used.
            template = category.templates[place % len(category.templates)]
            for _ in range(TRIES):
                release = _release(category, template, dice)
                if release.title not in titles and release.published not in times:
                    break
            else:
                raise ValueError(f"no unused titles are left for {template.title!r}")
            titles.add(release.title)
            times.add(release.published)
            yield release


def _sizes(found: list[Category], count: int) -> Iterator[tuple[Category, int]]:
    """Yield the categories with their shares of the count; the shares add up to the count."""
    total = sum(category.weight for category in found)
    weight_so_far = 0
    for category in found:
        start = weight_so_far * count // total
        weight_so_far += category.weight
        yield category, weight_so_far * count // total - start


def _release(category: Category, template: Template, dice: Dice) -> Release:
    published = _published(template.months, dice)
    facts = _facts(published.date(), dice)
    web = filled(template.web, facts, dice)
    facts["host"] = web.removeprefix("www.")
    contact = ""
    if dice.chance(CONTACT_SHARE):
        contact = filled("{f2}, tālr. {tel}, {f2_p:d}.{f2_u:d}@{host}", facts, dice)
    return Release(
        category=category.name,
        title=filled(template.title, facts, dice),
        published=published,
        paragraphs=tuple(body(template, category, facts, dice)),
        web=web if dice.chance(WEB_SHARE) else "",
        contact=contact,
    )


def _published(months: tuple[int, ...], dice: Dice) -> datetime:
    """Choose a time in the office hours of a working day, when no clock is ever changed."""
    while True:
        month = dice.pick(months)
        first = date(dice.number(*YEARS), month, 1)
        day = first + timedelta(days=dice.number(0, 30))
        working = day.weekday() < SATURDAY and (day.month, day.day) not in HOLIDAYS
        if working and day.month == month and day <= LAST_DAY:
            minutes = dice.number(8 * 60 + 30, 17 * 60 + 45)
            return datetime.combine(day, time(minutes // 60, minutes % 60, dice.number(0, 59)))


def _facts(today: date, dice: Dice) -> dict[str, str]:
    """Choose a value for every name that a slot may contain."""
    facts = {
        "ministrija": dice.pick(MINISTRIES),
        "biedriba": dice.pick(SOCIETIES),
        "gads": str(today.year),
        "pern": str(today.year - 1),
        "nakamgad": str(today.year + 1),
        "nauda_g": "latu" if today.year < FIRST_EURO_YEAR else "eiro",
        "tel": f"6000 {dice.number(1000, 9899)}",
        "laiks": f"{dice.number(10, 16)}.{dice.pick(('00', '30'))}",
        "tld": dice.pick(("example", "example", "example", "example.lv")),
    }
    facts["firma"], facts["firma2"], *_ = dice.shuffled(COMPANIES)
    home, neighbour, *_ = dice.shuffled(PLACES)
    for name, forms in (("vieta", home), ("vieta2", neighbour)):
        facts[name], facts[f"{name}_g"], facts[f"{name}_l"], facts[f"{name}_no"] = forms
    families = dice.shuffled(FAMILIES)
    women, men = dice.shuffled(WOMEN), dice.shuffled(MEN)
    people = (
        ("f1", women[0], families[0][0]),
        ("f2", women[1], families[1][0]),
        ("m1", men[0], families[2][1]),
        ("m2", men[1], families[3][1]),
    )
    for name, given, family in people:
        facts |= {name: f"{given} {family}", f"{name}_p": given, f"{name}_u": family}
    days = {"nesen": -dice.number(1, 9), "driz": dice.number(4, 16), "velak": dice.number(22, 60)}
    for name, distance in days.items():
        day = today + timedelta(days=distance)
        year = f"{day.year}. gada " if day.year != today.year else ""
        of, on, until = MONTHS[day.month - 1]
        facts |= {
            name: f"{year}{day.day}. {on}",
            f"{name}_no": f"{year}{day.day}. {of}",
            f"{name}_lidz": f"{year}{day.day}. {until}",
        }
    # The last day to sign up for an event is two days before it.
    closing = today + timedelta(days=days["driz"] - 2)
    year = f"{closing.year}. gada " if closing.year != today.year else ""
    facts["driz_lidz"] = f"{year}{closing.day}. {MONTHS[closing.month - 1][2]}"
    return facts


def write(folder: Path) -> int:
    """Write the default pages into a folder, created if it is missing; return their number."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, text in pages():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        count += 1
    return count
