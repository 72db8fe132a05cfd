"""What clients say of themselves in ``User-Agent``: their name, and how many people they serve.

Anything that is printed is a name of this table, never the text of a client.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_OTHERS = "Others"
_NAMELESS = "Without a name"

# The first line of which a text occurs in the agent, without regard to case, names the client.
# Aggregators come first: several claim to be like FeedFetcher-Google, or a browser.
_NAMES: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("Feedly", (b"feedly",)),
    ("Inoreader", (b"inoreader",)),
    ("NewsBlur", (b"newsblur",)),
    ("Feedbin", (b"feedbin",)),
    ("The Old Reader", (b"theoldreader",)),
    ("BazQux Reader", (b"bazqux",)),
    ("Feedspot", (b"feedspot",)),
    ("Bloglovin", (b"bloglovin",)),
    ("Netvibes", (b"netvibes",)),
    ("Feed Wrangler", (b"feedwrangler", b"feed wrangler")),
    ("FeedHQ", (b"feedhq",)),
    ("FeedBurner", (b"feedburner",)),
    ("Flipboard", (b"flipboard",)),
    ("Superfeedr", (b"superfeedr",)),
    ("Blogtrottr", (b"blogtrottr",)),
    ("MonitoRSS", (b"monitorss", b"discord.rss")),
    ("Google FeedFetcher", (b"feedfetcher-google",)),
    ("Slack", (b"slackbot", b"slack-")),
    ("IFTTT", (b"ifttt",)),
    ("Zapier", (b"zapier",)),
    ("Discord", (b"discordbot",)),
    ("Telegram", (b"telegrambot",)),
    ("FreshRSS", (b"freshrss",)),
    ("Miniflux", (b"miniflux",)),
    ("Tiny Tiny RSS", (b"tiny tiny rss", b"tt-rss")),
    ("Nextcloud News", (b"nextcloud-news", b"nextcloud news")),
    ("CommaFeed", (b"commafeed",)),
    ("selfoss", (b"selfoss",)),
    ("Stringer", (b"stringer",)),
    ("Fever", (b"fever/",)),
    ("Yarr", (b"yarr/",)),
    ("newsboat", (b"newsboat", b"newsbeuter")),
    ("sfeed", (b"sfeed",)),
    ("feed2exec", (b"feed2exec",)),
    ("rss2email", (b"rss2email",)),
    ("elfeed", (b"elfeed",)),
    ("Emacs", (b"emacs",)),
    ("NetNewsWire", (b"netnewswire",)),
    ("Reeder", (b"reeder",)),
    ("ReadKit", (b"readkit",)),
    ("Unread", (b"unread",)),
    ("Fiery Feeds", (b"fiery",)),
    ("Vienna", (b"vienna/",)),
    ("Liferea", (b"liferea",)),
    ("Akregator", (b"akregator",)),
    ("NewsFlash", (b"newsflash", b"news-flash")),
    ("RSS Guard", (b"rssguard", b"rss guard")),
    ("QuiteRSS", (b"quiterss",)),
    ("RSSOwl", (b"rssowl",)),
    ("FeedDemon", (b"feeddemon",)),
    ("Feeder", (b"spacecowboys", b"feeder.co")),
    ("Thunderbird", (b"thunderbird",)),
    ("SeaMonkey", (b"seamonkey",)),
    ("Outlook", (b"outlook", b"windows-rss-platform")),
    ("WordPress", (b"wordpress",)),
    ("Drupal", (b"drupal",)),
    ("SimplePie", (b"simplepie",)),
    ("MagpieRSS", (b"magpierss",)),
    ("feedparser", (b"feedparser",)),
    ("reader (Python)", (b"python-reader",)),
    ("Googlebot", (b"googlebot", b"googleother", b"google-inspectiontool")),
    ("Bingbot", (b"bingbot",)),
    ("Applebot", (b"applebot",)),
    ("YandexBot", (b"yandex",)),
    ("Baiduspider", (b"baiduspider",)),
    ("DuckDuckBot", (b"duckduckbot",)),
    ("Internet Archive", (b"archive.org", b"heritrix")),
    ("Other crawlers", (b"bot/", b"bot ", b"bot;", b"bot)", b"crawl", b"spider", b"externalhit")),
    ("curl", (b"curl/",)),
    ("Wget", (b"wget",)),
    (
        "Libraries",
        (
            *(b"python", b"aiohttp", b"httpx", b"go-http-client", b"java/", b"okhttp"),
            *(b"apache-httpclient", b"libwww-perl", b"ruby", b"node-fetch", b"undici", b"axios"),
            *(b"guzzle", b"php", b"dart", b"reqwest"),
        ),
    ),
    ("Browsers, or like one", (b"mozilla/", b"opera/")),
)
_GENERAL = {"Other crawlers", "Libraries", "Browsers, or like one", _OTHERS}
NAMES = (*(name for name, _ in _NAMES), _OTHERS, _NAMELESS)
_DECLARED = re.compile(rb"\b(\d{1,9}) (?:subscriber|reader)", re.IGNORECASE)


class Agent(NamedTuple):
    """What a client says of itself.

    ``name`` is an index in ``NAMES``. ``text`` is the agent without the number of subscribers,
    which changes from day to day and from feed to feed. ``subscribers`` is that number, None if
    the client declares none.
    """

    name: int
    text: bytes
    subscribers: int | None

    @property
    def aggregator(self) -> bytes:
        """What tells this aggregator from others: its text if the name is a general one."""
        name = NAMES[self.name]
        return self.text[:200] if name in _GENERAL else name.encode()


@lru_cache(maxsize=4096)
def read_agent(text: bytes) -> Agent:
    """Read the value of ``User-Agent``."""
    match = _DECLARED.search(text)
    if match is None:
        return Agent(_name(text), text, None)
    without = text[: match.start(1)] + text[match.end(1) :]
    return Agent(_name(text), without, int(match[1]))


def _name(text: bytes) -> int:
    if text in {b"", b"-"}:
        return len(NAMES) - 1
    lower = text.lower()
    for index, (_, texts) in enumerate(_NAMES):
        if any(known in lower for known in texts):
            return index
    return len(NAMES) - 2
