"""The invented names in the demo releases, and their inflected forms."""

from typing import Final

# Nominative, genitive, locative and the form after "no" (from), which is the genitive in the
# singular and the dative in the plural. The forms are written out rather than derived because the
# names have both genders and both numbers.
PLACES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("Liepkalne", "Liepkalnes", "Liepkalnē", "Liepkalnes"),
    ("Zaļupe", "Zaļupes", "Zaļupē", "Zaļupes"),
    ("Vītolava", "Vītolavas", "Vītolavā", "Vītolavas"),
    ("Saulgrieži", "Saulgriežu", "Saulgriežos", "Saulgriežiem"),
    ("Akmeņkrasts", "Akmeņkrasta", "Akmeņkrastā", "Akmeņkrasta"),
    ("Ezerlauki", "Ezerlauku", "Ezerlaukos", "Ezerlaukiem"),
    ("Dzirnupe", "Dzirnupes", "Dzirnupē", "Dzirnupes"),
    ("Smilgava", "Smilgavas", "Smilgavā", "Smilgavas"),
    ("Kļavulejas", "Kļavuleju", "Kļavulejās", "Kļavulejām"),
    ("Medņava", "Medņavas", "Medņavā", "Medņavas"),
    ("Vējkalne", "Vējkalnes", "Vējkalnē", "Vējkalnes"),
    ("Rudzupe", "Rudzupes", "Rudzupē", "Rudzupes"),
    ("Ievziedi", "Ievziedu", "Ievziedos", "Ievziediem"),
    ("Bērzvārti", "Bērzvārtu", "Bērzvārtos", "Bērzvārtiem"),
    ("Sūnezers", "Sūnezera", "Sūnezerā", "Sūnezera"),
    ("Krauklāja", "Krauklājas", "Krauklājā", "Krauklājas"),
)

COMPANIES: Final[tuple[str, ...]] = (
    "Trīs ozoli",
    "Vējkrasta grupa",
    "Melnais kadiķis",
    "Austra un dēli",
    "Deviņi spēki",
    "Rīta puse",
    "Stiprā sija",
    "Dzintara gliemezis",
    "Zilais stārķis",
    "Lejas dārzs",
    "Kalna un Leja",
    "Baltais āzis",
    "Ziemeļu grauds",
    "Ceturtā upe",
    "Pūces darbnīca",
    "Vecais dambis",
    "Ābeļu iela",
    "Skudru ceļš",
    "Lāča ķepa",
    "Jaunais pavards",
)

SOCIETIES: Final[tuple[str, ...]] = (
    "Sadraudzības tilts",
    "Atvērtie logi",
    "Rītdienas pagalms",
    "Pie viena galda",
    "Laipa",
    "Baltais celiņš",
    "Dzīvā saime",
    "Zaļais aplis",
    "Sirds un rokas",
    "Kaimiņu ligzda",
    "Ceļamaize",
    "Vienā solī",
    "Gaišais logs",
    "Saknes un spārni",
)

MINISTRIES: Final[tuple[str, ...]] = (
    "Ciemu attīstības ministrija",
    "Upju un ezeru ministrija",
    "Prasmju un amatu ministrija",
    "Kopienu lietu ministrija",
    "Mazo pilsētu ministrija",
)

WOMEN: Final[tuple[str, ...]] = (
    "Agnese",
    "Baiba",
    "Dace",
    "Elīna",
    "Guna",
    "Ieva",
    "Ilze",
    "Inese",
    "Kristīne",
    "Laima",
    "Līga",
    "Māra",
    "Sandra",
    "Zane",
    "Vita",
    "Sarmīte",
)

MEN: Final[tuple[str, ...]] = (
    "Andris",
    "Edgars",
    "Kaspars",
    "Mārtiņš",
    "Juris",
    "Aivars",
    "Imants",
    "Raimonds",
    "Oskars",
    "Ziedonis",
    "Normunds",
    "Artūrs",
    "Jānis",
    "Roberts",
)

# The feminine and the masculine form of each family name.
FAMILIES: Final[tuple[tuple[str, str], ...]] = (
    ("Vējgrieze", "Vējgriezis"),
    ("Upeskalna", "Upeskalns"),
    ("Mežlapa", "Mežlapa"),
    ("Sniedzīte", "Sniedzītis"),
    ("Rudenāja", "Rudenājs"),
    ("Krastkalna", "Krastkalns"),
    ("Lazduleja", "Lazdulejs"),
    ("Vilnraga", "Vilnrags"),
    ("Ezerkalēja", "Ezerkalējs"),
    ("Vītolrauga", "Vītolraugs"),
    ("Siliņtāle", "Siliņtāls"),
    ("Zemgaldiņa", "Zemgaldiņš"),
    ("Rudzvārpa", "Rudzvārpa"),
    ("Ogukalne", "Ogukalns"),
    ("Dūmiņkrasta", "Dūmiņkrasts"),
    ("Tālvīne", "Tālvīnis"),
    ("Purvziede", "Purvzieds"),
    ("Sietiņdobe", "Sietiņdobe"),
)

# Genitive, locative, dative of the months.
MONTHS: Final[tuple[tuple[str, str, str], ...]] = (
    ("janvāra", "janvārī", "janvārim"),
    ("februāra", "februārī", "februārim"),
    ("marta", "martā", "martam"),
    ("aprīļa", "aprīlī", "aprīlim"),
    ("maija", "maijā", "maijam"),
    ("jūnija", "jūnijā", "jūnijam"),
    ("jūlija", "jūlijā", "jūlijam"),
    ("augusta", "augustā", "augustam"),
    ("septembra", "septembrī", "septembrim"),
    ("oktobra", "oktobrī", "oktobrim"),
    ("novembra", "novembrī", "novembrim"),
    ("decembra", "decembrī", "decembrim"),
)

CASES: Final = ("gen", "dat", "acc")

# Endings by declension, longest first: the first ending of a name that matches determines them.
_ENDINGS: Final[tuple[tuple[str, tuple[str, str, str]], ...]] = (
    ("nis", ("ņa", "nim", "ni")),
    ("tis", ("ša", "tim", "ti")),
    ("zis", ("ža", "zim", "zi")),
    ("ris", ("ra", "rim", "ri")),
    ("s", ("a", "am", "u")),
    ("š", ("a", "am", "u")),
    ("a", ("as", "ai", "u")),
    ("e", ("es", "ei", "i")),
)

_PLAIN: Final = str.maketrans("āčēģīķļņšūž", "acegiklnsuz")


def inflected(name: str, case: str) -> str:
    """Put every word of a person's name into the given case."""
    return " ".join(_inflected_word(word, CASES.index(case)) for word in name.split(" "))


def _inflected_word(word: str, case: int) -> str:
    for ending, forms in _ENDINGS:
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            # A man's name in -a, such as Mežlapa, differs from a woman's only in the dative, which
            # the texts use for women only.
            return stem + forms[case]
    raise ValueError(f"no declension for {word!r}")


def host_label(name: str) -> str:
    """Spell a name as in a host name: without diacritics and spaces."""
    return "-".join(name.lower().translate(_PLAIN).split())
