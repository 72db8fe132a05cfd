"""The words that the service itself puts before readers: texts, dates, numbers and plurals.

The texts are gettext messages, their ids the English ones. ``locale/`` holds a catalogue for each
language that the service brings along, and an operator may name one of his own. Dates, numbers
and plurals follow CLDR; the alphabet is one of the texts. A change of a text changes documents:
raise ``feeds.documents.version.VERSION`` with it.
"""

import datetime as dt
import gettext
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

_SOURCE = "en"
_LETTERS = 0xF0000  # code points from here on, which no text has, stand for the places of letters
_UNFIT = frozenset(["Cc", "Cs", "Cn"])  # categories of Unicode: controls, halves, no characters


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The texts of one language; ``digest`` identifies them, ``missing`` are left in English.

    ``idle`` are those of an operator's own that say nothing: without a translation, or no texts of
    this version.
    """

    translations: gettext.NullTranslations
    digest: str
    missing: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


class Alphabet(dict[int, str]):
    """The letters of a language in their order, for ``str.translate``: what it gives is compared.

    They are parted by spaces; those that are written together share a place. A letter that is none
    of them has the place of the letter that it is without its marks, or comes after all of these.
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
        """Return what a name is ordered by, from its first letter or digit on."""
        text = unicodedata.normalize("NFC", name.lower())
        begin = next((at for at, letter in enumerate(text) if letter.isalnum()), 0)
        return text[begin:].translate(self)

    def initial(self, name: str) -> str:
        """Return the capital under which a name is found."""
        order = self.order(name)
        place = ord(order[0]) - _LETTERS
        if 0 <= place < len(self._places):
            return self._places[place][0].upper()
        return order[1 if place == len(self._places) else 0].upper()


@dataclass(frozen=True, eq=False)
class Words:
    """The words of a portal: its catalogue, and the locale that it writes dates and numbers by."""

    catalogue: Catalogue
    locale: Locale

    def __str__(self) -> str:
        """Identify the words, as far as they stand in documents."""
        return f"{self.locale} {self.catalogue.digest}"

    def gettext(self, text: str) -> str:
        """Return a text in the language of the portal."""
        return self.catalogue.translations.gettext(text)

    def pgettext(self, context: str, text: str) -> str:
        """Return a text that means something else in another place."""
        return self.catalogue.translations.pgettext(context, text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return a text in the plural form of a count, which stands in it as ``{count}``."""
        text = self.catalogue.translations.ngettext(singular, plural, count)
        return text.format(count=self.number(count))

    @cached_property
    def alphabet(self) -> Alphabet:
        """The alphabet of the language."""
        return Alphabet(
            self.pgettext("alphabet", "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z")
        )

    def order(self, name: str) -> tuple[str, str]:
        """Return what a name is ordered by among others."""
        return self.alphabet.order(name), name

    def number(self, value: int) -> str:
        """Write a number with the separators of the locale."""
        return format_decimal(value, locale=self.locale)

    def date(self, day: dt.date) -> str:
        """Write a date in full."""
        return format_date(day, "long", locale=self.locale)

    def since(self, day: dt.date) -> str:
        """Say since when: in many languages a date has another form there than by itself."""
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
    """Return the words for a language tag (RFC 5646): the operator's own, or those brought along.

    What the former lack is taken from the latter. A language without any is served in English.
    """
    primary = language.partition("-")[0].lower()
    catalogue = _over(own, _brought_along(primary))
    if catalogue is None:
        return Words(_ENGLISH, Locale(_SOURCE))
    try:
        return Words(catalogue, Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        try:
            return Words(catalogue, Locale.parse(primary))
        except (UnknownLocaleError, ValueError):
            return Words(catalogue, Locale(_SOURCE))


def _over(own: Catalogue | None, brought: Catalogue | None) -> Catalogue | None:
    if own is None or brought is None:
        return own or brought
    own.translations.add_fallback(brought.translations)
    return Catalogue(own.translations, own.digest + brought.digest, idle=own.idle)


def _brought_along(primary: str) -> Catalogue | None:
    if primary == _SOURCE:
        return _ENGLISH
    found = files("feeds").joinpath("locale", f"{primary}.po")
    return _read(found.read_bytes()) if found.is_file() else None


def read_catalogue(path: str) -> Catalogue:
    """Read an operator's own catalogue, a gettext PO file. Raises ``ValueError``."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    try:
        return _read(content)
    except (PoFileError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"it is no catalogue of gettext (.po): {error}") from error


def _read(content: bytes) -> Catalogue:
    catalog = read_po(BytesIO(content), abort_invalid=True)
    if not len(catalog):
        raise ValueError("it holds no text")
    for message in catalog:
        _check(message)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    said = sorted(
        str((each.context, each.id, each.string)) for each in catalog if each.id and not each.fuzzy
    )
    digest = hashlib.sha256("\n".join([catalog.plural_expr, *said]).encode()).hexdigest()[:16]
    compiled.seek(0)
    template = read_po(BytesIO(files("feeds").joinpath("locale", "feeds.pot").read_bytes()))
    missing = tuple(_name(each) for each in template if each.id and not _said(catalog, each))
    idle = [
        _name(each)
        for each in catalog
        if each.id
        and not ((known := template.get(each.id, each.context)) and _said(catalog, known))
    ]
    return Catalogue(gettext.GNUTranslations(compiled), digest, missing, tuple(idle))


def _said(catalog: Catalog, message: Message) -> bool:
    """Whether a catalogue has a translation of a message."""
    said = catalog.get(message.id, message.context)
    if said is None or said.fuzzy or bool(said.pluralizable) is not bool(message.pluralizable):
        return False
    return all(_texts(said.string))


def _name(message: Message) -> str:
    return _texts(message.id)[0]


def _check(message: Message) -> None:
    """Refuse a translation that could not be shown: one that is not legal, or asks for more."""
    given = {field for text in _texts(message.id) for field in _fields(text)}
    for text in _texts(message.string) if message.id else ():
        if any(unicodedata.category(letter) in _UNFIT for letter in text.replace("\n", "")):
            raise ValueError(f"{text!r} holds a character that no document can have")
        letters = "".join(text.lower().split())
        if message.context == "alphabet" and len(set(letters)) < len(letters):
            raise ValueError(f"the alphabet “{text}” has a letter twice: each is one character")
        unknown = sorted(_fields(text) - given)
        if unknown:
            english = _texts(message.id)[0]
            raise ValueError(f"“{text}” names {{{unknown[0]}}}, which “{english}” does not")


def _fields(text: str) -> set[str]:
    """Return what a text is given, as it stands between its braces, format and all."""
    return {
        f"{field}{'!' if conversion else ''}{conversion or ''}{':' if format_ else ''}{format_}"
        for _, field, format_, conversion in Formatter().parse(text)
        if field is not None
    }


def _texts(stated: str | Sequence[str] | None) -> Sequence[str]:
    """Return a text, or each plural form of it."""
    return (stated or "",) if stated is None or isinstance(stated, str) else stated
