"""The service's own texts, dates, numbers and plurals in the portal's language.

The texts are gettext messages whose ids are the English texts. The service includes a catalogue
for each language in ``locale/``, and an operator may add another. Dates and numbers follow CLDR.
The alphabet is one of the texts. A change of a text changes documents, so raise
``feeds.documents.version.VERSION`` with it.
"""

import datetime as dt
import gettext
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal
from babel.units import format_unit

_SOURCE = "en"
_LETTERS = 0xF0000  # the first of the private code points that represent places in an alphabet
_UNITS = ("digital-byte", "digital-kilobyte", "digital-megabyte", "digital-gigabyte")
_UNFIT = frozenset(["Cc", "Cs", "Cn"])  # Unicode categories: controls, surrogates, unassigned


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The texts of one language, which ``digest`` identifies.

    ``missing`` are the texts that an operator's catalogue does not translate. ``ineffective`` are
    those in it that have no translation, or are not texts of this version.
    """

    translations: gettext.NullTranslations
    digest: str
    missing: tuple[str, ...] = ()
    ineffective: tuple[str, ...] = ()


class Alphabet(dict[int, str]):
    """A table for ``str.translate`` that makes names comparable in the order of an alphabet.

    The letters are separated by spaces; those that are written together are equal. Any other
    letter is equal to the same letter without its marks, or comes after the alphabet.
    """

    def __init__(self, letters: str) -> None:
        self._places = letters.lower().split()
        super().__init__(
            (ord(letter), chr(_LETTERS + place))
            for place, group in enumerate(self._places)
            for letter in group
        )

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        parts = unicodedata.normalize("NFD", letter)
        if len(parts) > 1 and all(map(unicodedata.combining, parts[1:])):
            found = self[ord(parts[0])]
        else:
            found = chr(_LETTERS + len(self._places)) + letter if letter.isalpha() else letter
        self[code] = found
        return found

    def order(self, name: str) -> str:
        """Return the sort key of a name, which begins at its first letter or digit."""
        text = unicodedata.normalize("NFC", name.lower())
        begin = next((at for at, letter in enumerate(text) if letter.isalnum()), 0)
        return text[begin:].translate(self)

    def initial(self, name: str) -> str:
        """Return the capital letter under which a name is listed."""
        order = self.order(name)
        place = ord(order[0]) - _LETTERS
        if 0 <= place < len(self._places):
            return self._places[place][0].upper()
        return order[1 if place == len(self._places) else 0].upper()


@dataclass(frozen=True, eq=False)
class Words:
    """The texts of a portal, and the locale of its dates and numbers."""

    catalogue: Catalogue
    locale: Locale

    def gettext(self, text: str) -> str:
        """Return a text in the portal's language."""
        return self.catalogue.translations.gettext(text)

    def pgettext(self, context: str, text: str) -> str:
        """Return a text whose meaning depends on the context."""
        return self.catalogue.translations.pgettext(context, text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return a text in the plural form of a count, which replaces ``{count}`` in it."""
        text = self.catalogue.translations.ngettext(singular, plural, count)
        return text.format(count=self.number(count))

    @cached_property
    def alphabet(self) -> Alphabet:
        """The alphabet of the portal's language."""
        return Alphabet(
            self.pgettext("alphabet", "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z")
        )

    def order(self, name: str) -> tuple[str, str]:
        """Return the sort key of a name."""
        return self.alphabet.order(name), name

    def number(self, value: int) -> str:
        """Format a number with the separators of the locale."""
        return format_decimal(value, locale=self.locale)

    def size(self, length: int) -> str:
        """Format the size of a file in bytes: in the largest unit, with one digit or two."""
        power = min((len(str(length)) - 1) // 3, len(_UNITS) - 1)
        value = length / 1000**power
        return format_unit(
            value,
            _UNITS[power],
            "short" if power else "long",
            format="#,##0.#" if value < 10 else "#,##0",  # noqa: PLR2004 - two digits
            locale=self.locale,
        )

    def names(self, names: Sequence[str]) -> str:
        """Return names as people write them in one text: A, B and C."""
        if len(names) == 1:  # as of most releases
            return names[0]
        if len(names) > 3:  # noqa: PLR2004 - the patterns of the locale are for up to three
            comma = self.locale.list_patterns["standard"]["middle"].format("", "")
            # Babel's time grows with the square of the number of names.
            names = (names[0], comma.join(names[1:-1]), names[-1])
        return format_list(names, locale=self.locale)

    def date(self, day: dt.date) -> str:
        """Format a date with the name of the month."""
        return _long_date(day.year, day.month, day.day, self.locale)

    def month(self, day: dt.date) -> str:
        """Format the month of a day with its year."""
        month = format_date(day, "LLLL", locale=self.locale)
        return self.pgettext("month", "{month} {year}").format(month=month, year=day.year)

    def time(self, time: dt.time) -> str:
        """Format a time in hours and minutes."""
        return format_time(time, "short", locale=self.locale)

    def since(self, day: dt.date) -> str:
        """Format the start date of a suspension. Many languages inflect the month here."""
        months = (
            self.pgettext("since", "January"),
            self.pgettext("since", "February"),
            self.pgettext("since", "March"),
            self.pgettext("since", "April"),
            self.pgettext("since", "May"),
            self.pgettext("since", "June"),
            self.pgettext("since", "July"),
            self.pgettext("since", "August"),
            self.pgettext("since", "September"),
            self.pgettext("since", "October"),
            self.pgettext("since", "November"),
            self.pgettext("since", "December"),
        )
        text = self.gettext("Suspended since {month} {day}, {year}.")
        return text.format(day=day.day, month=months[day.month - 1], year=day.year)


_ENGLISH = Catalogue(gettext.NullTranslations(), "")


@lru_cache
def words(language: str, own: Catalogue | None = None) -> Words:
    """Return the words for a language tag (RFC 5646).

    A text that the operator's ``own`` catalogue lacks is taken from the included one, or is
    English.
    """
    primary = language.partition("-")[0].lower()
    catalogue = _with_fallback(own, _included(primary))
    if catalogue is None:
        return Words(_ENGLISH, Locale(_SOURCE))
    try:
        return Words(catalogue, Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        try:
            return Words(catalogue, Locale.parse(primary))
        except (UnknownLocaleError, ValueError):
            return Words(catalogue, Locale(_SOURCE))


def is_language(language: str) -> bool:
    """Return whether the form of dates and numbers is known for a language tag."""
    try:
        Locale.parse(language.partition("-")[0].lower())
    except (UnknownLocaleError, ValueError):
        return False
    return True


def has_texts(language: str) -> bool:
    """Return whether the service includes its texts in the language of a tag."""
    return _included(language.partition("-")[0].lower()) is not None


def _with_fallback(own: Catalogue | None, included: Catalogue | None) -> Catalogue | None:
    if own is None or included is None:
        return own or included
    own.translations.add_fallback(included.translations)
    return Catalogue(own.translations, own.digest + included.digest, ineffective=own.ineffective)


def _included(primary: str) -> Catalogue | None:
    """Return the service's own catalogue for a language, or None."""
    if primary == _SOURCE:
        return _ENGLISH
    found = files("feeds").joinpath("locale", f"{primary}.po")
    return _compile(_parse(found.read_bytes())) if found.is_file() else None


def read_catalogue(path: str) -> Catalogue:
    """Read an operator's own catalogue, a gettext PO file. Raises ``ValueError``."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    try:
        catalog = _parse(content)
    except (PoFileError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"it is not a gettext catalogue (.po): {error}") from error
    template = read_po(BytesIO(files("feeds").joinpath("locale", "feeds.pot").read_bytes()))
    needed = [_key(message) for message in template if message.id]
    translated = {
        _key(message)
        for message in catalog
        if message.id and not message.fuzzy and all(_texts(message.string))
    }
    effective = translated.intersection(needed)
    missing = tuple(key[1] for key in needed if key not in effective)
    stated = (_key(message) for message in catalog if message.id)
    ineffective = tuple(key[1] for key in stated if key not in effective)
    return replace(_compile(catalog), missing=missing, ineffective=ineffective)


def _key(message: Message) -> tuple[str | None, str, bool]:
    """Return what identifies a text: its context, its English form, and whether it has a plural."""
    return message.context, _texts(message.id)[0], bool(message.pluralizable)


def _parse(content: bytes) -> Catalog:
    catalog = read_po(BytesIO(content), abort_invalid=True)
    if not len(catalog):
        raise ValueError("it has no texts")
    for message in catalog:
        _check(message)
    return catalog


def _compile(catalog: Catalog) -> Catalogue:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    texts = sorted(
        str((each.context, each.id, each.string)) for each in catalog if each.id and not each.fuzzy
    )
    digest = hashlib.sha256("\n".join([catalog.plural_expr, *texts]).encode()).hexdigest()[:16]
    return Catalogue(gettext.GNUTranslations(compiled), digest)


def _check(message: Message) -> None:
    """Refuse a translation with characters or fields that cannot be shown."""
    given = {field for text in _texts(message.id) for field in _fields(text)}
    for text in _texts(message.string) if message.id else ():
        if any(unicodedata.category(letter) in _UNFIT for letter in text.replace("\n", "")):
            raise ValueError(f"{text!r} has a character that is not allowed in documents")
        letters = "".join(text.lower().split())
        if message.context == "alphabet" and len(set(letters)) < len(letters):
            raise ValueError(f"the alphabet “{text}” has a letter twice; a letter is one character")
        unknown = sorted(_fields(text) - given)
        if unknown:
            english = _texts(message.id)[0]
            raise ValueError(f"“{text}” has {{{unknown[0]}}}, which “{english}” does not have")


def _fields(text: str) -> set[str]:
    """Return the replacement fields of a text, with their conversions and formats."""
    return {
        f"{field}{'!' if conversion else ''}{conversion or ''}{':' if format_ else ''}{format_}"
        for _, field, format_, conversion in Formatter().parse(text)
        if field is not None
    }


def _texts(stated: str | Sequence[str] | None) -> Sequence[str]:
    """Return a text, or each of its plural forms."""
    return (stated or "",) if stated is None or isinstance(stated, str) else stated


# A feed has a date in each entry, and most are those of other documents as well.
@lru_cache(maxsize=4096)
def _long_date(year: int, month: int, day: int, locale: Locale) -> str:
    return format_date(dt.date(year, month, day), "long", locale=locale)
