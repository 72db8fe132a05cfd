"""Nothing of any HTML goes without a word: it is in the body, or its kind is counted."""

import re
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.text.html import Html, content
from feeds.text.tags import strip_tags

BASE = "https://o.example/p/1"

# Elements with the kinds under which they, or what is in them, may be counted.
KINDS = {
    "a": "link",
    "area": "link",
    "img": "picture",
    "picture": "picture",
    "iframe": "embedded object",
    "embed": "embedded object",
    "object": "embedded object",
    "video": "embedded object",
    "audio": "embedded object",
    "script": "script",
    "style": "style",
    "svg": "drawing",
    "math": "formula",
    "select": "form field",
    "template": "template",
}
ELEMENTS = [
    "a", "abbr", "article", "audio", "b", "blockquote", "button", "canvas", "center", "dd", "div",
    "dl", "dt", "em", "figcaption", "figure", "font", "footer", "form", "h1", "h2", "h6", "i",
    "iframe", "label", "li", "main", "math", "noscript", "object", "ol", "p", "picture", "pre",
    "q", "script", "section", "select", "small", "span", "strong", "style", "sub", "summary",
    "svg", "table", "tbody", "td", "template", "textarea", "th", "tr", "u", "ul", "video", "xmp",
    "o:p", "x-tabs",
]  # fmt: skip
VOID = ["area", "br", "embed", "hr", "img", "input", "source", "wbr"]
# Their content is no markup, or is dropped with them.
OPAQUE = {"script", "style", "svg", "math", "select", "template", "textarea", "xmp"}


class Generated:
    """HTML, and the words and addresses in it, each with the kinds that may stand for it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.words: dict[str, set[str]] = {}
        self.addresses: dict[str, set[str]] = {}

    def word(self, around: list[str]) -> None:
        word = f"word{len(self.words)}"
        self.words[word] = {KINDS[name] for name in around if name in OPAQUE & KINDS.keys()}
        self.parts.append(word)

    def attributes(self, name: str, around: list[str]) -> str:
        if name not in KINDS or name in OPAQUE | {"picture"}:
            return " class='c'"
        address = f"https://o.example/f{len(self.addresses)}"
        self.addresses[address] = {
            KINDS[outer] for outer in (*around, name) if outer in OPAQUE & KINDS.keys()
        }
        key = {"a": "href", "area": "href", "object": "data"}.get(name, "src")
        return f' {key}="{address.removeprefix("https://o.example")}"'


@st.composite
def generated(draw: st.DrawFn) -> Generated:
    made = Generated()

    def node(depth: int, around: list[str]) -> None:
        kind = draw(st.integers(0, 9))
        if kind < 4 or depth > 4:
            made.word(around)
            made.parts.append(draw(st.sampled_from(["", " ", "\n\n", " &amp; ", " < "])))
        elif kind == 4:
            name = draw(st.sampled_from(VOID))
            made.parts.append(f"<{name}{made.attributes(name, around)}>")
        else:
            name = draw(st.sampled_from(ELEMENTS))
            made.parts.append(f"<{name}{made.attributes(name, around)}>")
            if not OPAQUE & {*around, name}:
                for _ in range(draw(st.integers(0, 3))):
                    node(depth + 1, [*around, name])
            else:
                made.word([*around, name])
            made.parts.append(f"</{name}>")

    for _ in range(draw(st.integers(1, 5))):
        node(0, [])
    return made


@settings(max_examples=200, deadline=None)
@given(generated())
def test_each_word_and_link_is_in_the_body_or_its_kind_is_counted(made: Generated) -> None:
    markup = "".join(made.parts)
    found = content([Html(markup, BASE)])
    words = set(re.findall(r"word\d+", found.html))
    for word, kinds in made.words.items():
        assert word in words or kinds & found.dropped.keys(), (word, markup, found)
    addresses = set(map(unescape, re.findall(r'(?:href|src)="([^"]*)"', found.html)))
    for address, kinds in made.addresses.items():
        assert address in addresses or kinds & found.dropped.keys(), (address, markup, found)
    assert all(isinstance(kind, str) and number > 0 for kind, number in found.dropped.items())
    again = content([Html(found.html, BASE)])
    assert (again.html, again.pictures, again.dropped) == (found.html, found.pictures, {}), markup


SOUP = st.lists(
    st.sampled_from(
        [
            *[f"<{name}>" for name in (*ELEMENTS, *VOID)],
            *[f"</{name}>" for name in ELEMENTS],
            "<a href='/x'>", "<a href='#i'>", "<p id=i>", "<img src=/i.png alt='a < b'>", "</p>",
            "<iframe src='//v.example/e'>", "<object data=/o.pdf>", "<video><source src=/v.mp4>",
            "<img src='data:,' data-src=/i.png>", "<noscript><img src=/i.png></noscript>",
            "<a name=i />", "<script/>", "<!-- ", " -->", "<![CDATA[", "]]>", "<", ">", "&", '"',
            "'", "=", "/", " ", "\n", "\n\n", "&lt;", "&#1;", "&#x3c;b>", "\x85", "\u202e", "\r",
            "\0", "<?php", "<b and c>", "<x@y.example>", "<div dir=rtl>", "<span lang=lv>", "text",
            "&nbsp;", "<picture><source srcset='/i.webp 2x'>", "<tbody>", "<template>",
            "<frame src=/f>",
        ]
    ),
    max_size=25,
).map("".join)  # fmt: skip
SAFE = re.compile(r"</?[a-z][a-z0-9]*(?: [a-z]+=\"[^\"<>]*\")*>")


@settings(max_examples=200, deadline=None)
@given(SOUP, st.sampled_from([BASE, None]))
def test_any_soup_becomes_a_safe_body_of_which_nothing_more_is_dropped(
    soup: str, base: str | None
) -> None:
    found = content([Html(soup, base)])
    assert "<" not in SAFE.sub("", found.html)
    assert not re.search(r"<(?:script|style|iframe|object|svg|form|x-)", found.html)
    again = content([Html(found.html, base)])
    assert ("".join(strip_tags(again.html).split()), again.dropped, again.pictures) == (
        "".join(strip_tags(found.html).split()),
        {},
        found.pictures,
    ), soup
