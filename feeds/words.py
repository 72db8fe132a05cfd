"""The words that the service itself puts before readers, by the language of the portal.

A language without words of its own is served in English. A change here changes documents: raise
``formats.VERSION`` with it.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Words:
    """Every phrase that stands in feeds, notices and pages."""

    all_releases: str
    releases_of: str
    suspended: str
    suspended_since: str
    suspension_title: str
    suspension_text: str
    resumption_title: str
    resumption_text: str
    months: tuple[str, ...]
    day: str
    published: str
    contact: str
    no_contact: str
    categories: str
    newest: str
    subscribe: str
    empty: str
    home: str

    def day_text(self, day: date) -> str:
        """Write a date as people do: ``2022. gada 1. martā`` in Latvian."""
        return self.day.format(day=day.day, month=self.months[day.month - 1], year=day.year)


LATVIAN = Words(
    all_releases="Visas preses relīzes",
    releases_of="Preses relīzes: {category}",
    suspended="Darbība pārtraukta",
    suspended_since="Darbība pārtraukta kopš {day}.",
    suspension_title="Vortāla darbība pārtraukta uz nenoteiktu laiku.",
    suspension_text=(
        "Vortāla darbība pārtraukta uz nenoteiktu laiku. Jaunas preses relīzes publicētas netiks."
    ),
    resumption_title="Vortāla darbība atsākta.",
    resumption_text="Vortāla darbība ir atsākta. Jaunas preses relīzes atkal tiek publicētas.",
    months=(
        "janvāra", "februāra", "marta", "aprīļa", "maija", "jūnija", "jūlija", "augusta",
        "septembra", "oktobra", "novembra", "decembra",
    ),
    day="{year}. gada {day}. {month}",
    published="Publicēts",
    contact="Preses relīzes iesniedzēja kontaktinformācija: {contact}",
    no_contact="Preses relīzes iesniedzēja kontaktinformācija šobrīd nav pieejama.",
    categories="Kategorijas",
    newest="Jaunākās preses relīzes",
    subscribe="Abonēt",
    empty="Šeit vēl nav nevienas preses relīzes.",
    home="Visas kategorijas",
)  # fmt: skip

ENGLISH = Words(
    all_releases="All press releases",
    releases_of="Press releases: {category}",
    suspended="Suspended",
    suspended_since="Suspended since {day}.",
    suspension_title="Publication is suspended indefinitely.",
    suspension_text=(
        "Publication is suspended indefinitely. No new press releases will be published."
    ),
    resumption_title="Publication has resumed.",
    resumption_text="Publication has resumed. New press releases are published again.",
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    day="{day} {month} {year}",
    published="Published",
    contact="Contact of the issuer: {contact}",
    no_contact="The issuer's contact details are not available at present.",
    categories="Categories",
    newest="Newest press releases",
    subscribe="Subscribe",
    empty="There are no press releases here yet.",
    home="All categories",
)  # fmt: skip


def words(language: str) -> Words:
    """Return the words for a language tag, by its primary subtag."""
    return LATVIAN if language.lower().partition("-")[0] == "lv" else ENGLISH
