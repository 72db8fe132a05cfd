"""What becomes of each element of any HTML, by its name, and of its attributes."""

import re

INLINE = frozenset({
    "abbr", "b", "bdi", "bdo", "br", "code", "del", "em", "i", "ins", "q", "rp", "rt", "ruby", "s",
    "strong", "sub", "sup", "u", "wbr",
})  # fmt: skip
BLOCKS = frozenset({
    "dl", "h2", "h3", "h4", "hr", "ol", "pre", "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
HEADINGS = frozenset({"h2", "h3", "h4"})
# Elements that may state the address of their source.
CITING = frozenset({"blockquote", "del", "ins", "q"})
# Blocks that may contain others.
CONTAINERS = frozenset({
    "blockquote", "caption", "dd", "dt", "figcaption", "figure", "li", "td", "th",
})  # fmt: skip
# Elements that separate text like paragraphs, but are not in the safe subset.
DIVISIONS = frozenset({
    "address", "article", "aside", "center", "details", "dialog", "div", "fieldset", "footer",
    "form", "header", "hgroup", "legend", "main", "nav", "optgroup", "option", "p", "search",
    "section", "summary", "title",
})  # fmt: skip
# Blocks that, outside these, separate text like paragraphs.
PARENTS = {
    "dd": {"dl"},
    "dt": {"dl"},
    "figcaption": {"figure"},
    "li": {"ol", "ul"},
}
OTHER_NAMES = {
    "acronym": "abbr",
    "dir": "ul",
    "h1": "h2",
    "h5": "h4",
    "h6": "h4",
    "listing": "pre",
    "menu": "ul",
    "xmp": "pre",
}
VOID = frozenset({"br", "hr", "wbr"})
PICTURES = frozenset({"amp-anim", "amp-img", "img"})
MEDIA = frozenset({
    "amp-audio", "amp-facebook", "amp-iframe", "amp-video", "amp-vimeo", "amp-youtube", "applet",
    "audio", "bgsound", "embed", "iframe", "object", "video",
})  # fmt: skip
MEDIA_SITES = {
    "amp-vimeo": "https://vimeo.com/",
    "amp-youtube": "https://www.youtube.com/watch?v=",
}
# Elements that go with all that is in them, and what they are called.
DROPPED = {
    "datalist": "form field",
    "math": "formula",
    "script": "script",
    "select": "form field",
    "style": "style",
    "svg": "drawing",
    "template": "template",
}
# Elements that go, but not what is in them.
COUNTED = {
    "button": "form field",
    "canvas": "drawing",
    "form": "form",
    "input": "form field",
    "keygen": "form field",
    "textarea": "form field",
    "track": "subtitle track",
}
# Fields with text, which would run into the text before.
FIELDS = frozenset({"button", "textarea"})
# Elements that show nothing by themselves.
UNSEEN = frozenset({
    "base", "col", "colgroup", "link", "meta", "param", "source", "track",
})  # fmt: skip
# Elements with an address that is not that of what an embedding element shows.
NOT_SHOWN = frozenset({
    "amp-img", "img", "input", "param", "script", "source", "track",
})  # fmt: skip
SEPARATING = BLOCKS | CONTAINERS | DIVISIONS | OTHER_NAMES.keys() - {"acronym"}
"""Elements that are not within a line of text."""

_NUMBER = re.compile(r"-?\d{1,9}")
_POSITIVE = re.compile(r"\d{1,4}")
_SIZE = re.compile(r"([1-9]\d{0,4})(?:\.\d+)?\s*(?:px)?", re.IGNORECASE)
ID = re.compile(r"\S{1,500}")
_LANGUAGE = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
COMMON_ATTRIBUTES = (
    ("dir", re.compile(r"ltr|rtl|auto", re.IGNORECASE)),
    ("xml:lang", _LANGUAGE),
    ("lang", _LANGUAGE),
    ("title", re.compile(r".+", re.DOTALL)),
)
_SPANS = (("colspan", _POSITIVE), ("rowspan", _POSITIVE))
ATTRIBUTES: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "img": (("alt", re.compile(r".*", re.DOTALL)), ("width", _SIZE), ("height", _SIZE)),
    "li": (("value", _NUMBER),),
    "ol": (("start", _NUMBER), ("type", re.compile(r"[1aAiI]"))),
    "td": _SPANS,
    "th": (*_SPANS, ("scope", re.compile(r"(?:row|col)(?:group)?", re.IGNORECASE))),
}
