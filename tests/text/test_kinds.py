"""What becomes of each kind of element, and what is counted for it."""

import time

import pytest

from feeds.text.html import Html, MarkupError, content

BASE = "https://o.lv/p/1"

PICTURES = [
    (
        '<img src="/a.jpg" alt="A" width="30" height="20px">',
        '<img src="https://o.lv/a.jpg" alt="A" width="30" height="20">',
    ),
    ("<img src=a.jpg>", '<img src="https://o.lv/p/a.jpg">'),
    ("<img src=//i.lv/a.jpg title=T>", '<img src="https://i.lv/a.jpg" title="T">'),
    ('<img src="a b.jpg">', '<img src="https://o.lv/p/a%20b.jpg">'),
    ('<img src="data:image/gif;base64,R0" data-src="/a.jpg">', '<img src="https://o.lv/a.jpg">'),
    ('<img src="/i/1x1.trans.gif" data-lazy-src="/a.jpg">', '<img src="https://o.lv/a.jpg">'),
    ('<img src="/i/lazy.png" data-src="">', '<img src="https://o.lv/i/lazy.png">'),
    ('<img src="/a.jpg" data-src="/b.jpg">', '<img src="https://o.lv/a.jpg">'),
    ('<img data-lazy-src="/a.jpg">', '<img src="https://o.lv/a.jpg">'),
    ('<img src="" data-original="/a.jpg">', '<img src="https://o.lv/a.jpg">'),
    (
        '<img src=/s.jpg srcset="/s.jpg 300w, /l.jpg 1024w, /m.jpg 768w">',
        '<img src="https://o.lv/l.jpg">',
    ),
    ('<img src=/s.jpg srcset="/l,2.jpg 2x,/s.jpg 1x">', '<img src="https://o.lv/l,2.jpg">'),
    ('<img src=/s.jpg srcset="/s.jpg, /l.jpg 1.5x">', '<img src="https://o.lv/l.jpg">'),
    ('<img src="data:,x" data-srcset="/l.jpg 9w">', '<img src="https://o.lv/l.jpg">'),
    ('<img src=/s.jpg srcset="data:,x 900w, /m.jpg 700w">', '<img src="https://o.lv/m.jpg">'),
    (
        "<figure><img src=/a.jpg><figcaption>C</figcaption></figure>",
        '<figure><img src="https://o.lv/a.jpg"><figcaption>C</figcaption></figure>',
    ),
    (
        '<picture><source srcset="/a.webp"><img src=/a.jpg alt=A></picture>',
        '<picture><img src="https://o.lv/a.jpg" alt="A"></picture>',
    ),
    (
        '<picture><source srcset="/a.webp 1x, /b.webp 2x"></picture>',
        '<img src="https://o.lv/b.webp">',
    ),
    (
        '<picture><source data-srcset="/a.webp"><img src="data:,x" alt=A></picture>',
        '<picture><img src="https://o.lv/a.webp" alt="A"></picture>',
    ),
    (
        "<amp-img src=/a.jpg alt=A width=3 height=2></amp-img>",
        '<img src="https://o.lv/a.jpg" alt="A" width="3" height="2">',
    ),
    (
        "<a href=/l.jpg><img src=/s.jpg></a>",
        '<a href="https://o.lv/l.jpg"><img src="https://o.lv/s.jpg"></a>',
    ),
    (
        '<img data-src="/a.jpg"><noscript><img src="/a.jpg"></noscript>',
        '<img src="https://o.lv/a.jpg">',
    ),
    (
        '<noscript><img src="/a.jpg"></noscript><img src="data:,x" data-src="/a.jpg">',
        '<img src="https://o.lv/a.jpg">',
    ),
    (
        '<img src="data:,x" alt=A> <noscript><img src="/a.jpg" alt=A></noscript>',
        '<img src="https://o.lv/a.jpg" alt="A">',
    ),
    (
        (
            '<img data-src="/s.jpg" data-srcset="/s.jpg 3w, /l.jpg 9w"><noscript>'
            '<img src="/s.jpg"></noscript>'
        ),
        '<img src="https://o.lv/l.jpg">',
    ),
    (
        "<img src=/a.jpg><img src=/a.jpg>",
        '<img src="https://o.lv/a.jpg"><img src="https://o.lv/a.jpg">',
    ),
]

MEDIA = [
    (
        "See <video src=/f.mp4>the film</video>.",
        'See <a href="https://o.lv/f.mp4">the film</a>.',
    ),
    (
        '<video title="The film"><source src="/a.mp4"></video>',
        '<a href="https://o.lv/a.mp4">The film</a>',
    ),
    (
        (
            '<video><source src="/a.mp4"><source src="/b">'
            '<a href="/a.mp4">A</a> <a href="/b">B</a></video>'
        ),
        '<a href="https://o.lv/a.mp4">A</a> <a href="https://o.lv/b">B</a>',
    ),
    (
        "<audio controls src=https://cdn.lv/7.mp3></audio>",
        '<a href="https://cdn.lv/7.mp3">cdn.lv</a>',
    ),
    ('<iframe src="//v.lv/e/1" title="Film"></iframe>', '<a href="https://v.lv/e/1">Film</a>'),
    (
        '<iframe src="/e" title="A"></iframe><iframe src="/f" title="B"></iframe>',
        '<a href="https://o.lv/e">A</a> <a href="https://o.lv/f">B</a>',
    ),
    (
        '<object data="/f.pdf">A</object><object data="/g.pdf">B</object>',
        '<a href="https://o.lv/f.pdf">A</a> <a href="https://o.lv/g.pdf">B</a>',
    ),
    ('<iframe data-src="https://v.lv/e/1"></iframe>', '<a href="https://v.lv/e/1">v.lv</a>'),
    ('<iframe src="https://v.lv/e/1"/>Text', '<a href="https://v.lv/e/1">v.lv</a> Text'),
    ('<iframe src="https://v.lv/e/1">Text', '<a href="https://v.lv/e/1">v.lv</a> Text'),
    ("<embed src=/a.swf>", '<a href="https://o.lv/a.swf">o.lv</a>'),
    (
        "<frameset><frame src=/a.html title=Menu></frameset>",
        '<a href="https://o.lv/a.html">Menu</a>',
    ),
    (
        "<object data=/p.pdf><a href=/p.pdf>the plan</a></object>",
        '<a href="https://o.lv/p.pdf">the plan</a>',
    ),
    ("<object data=/p.pdf>The plan</object>", '<a href="https://o.lv/p.pdf">The plan</a>'),
    (
        "<object><param name=movie value=/a.swf><embed src=/a.swf></object>",
        '<a href="https://o.lv/a.swf">o.lv</a>',
    ),
    (
        '<video src=/f.mp4>See <a href="/g">G</a></video>',
        '<a href="https://o.lv/f.mp4">o.lv</a> See <a href="https://o.lv/g">G</a>',
    ),
    ("<amp-video src=/f.mp4 title=F></amp-video>", '<a href="https://o.lv/f.mp4">F</a>'),
    (
        '<amp-youtube data-videoid="x1"></amp-youtube>',
        '<a href="https://www.youtube.com/watch?v=x1">www.youtube.com</a>',
    ),
    (
        "<a href=/g><video src=/f.mp4></video></a>",
        '<a href="https://o.lv/g">o.lv</a> <a href="https://o.lv/f.mp4">o.lv</a>',
    ),
    ("<map><area href=/r alt=Riga></map>", '<a href="https://o.lv/r">Riga</a>'),
    ("<map><area alt=Sea>a</map>", "<p>a</p>"),
    ("<a href=/f.mp4><video src=/f.mp4></video></a>", '<a href="https://o.lv/f.mp4">o.lv</a>'),
    ("<object><a href=/x>b</a></object>", '<a href="https://o.lv/x">b</a>'),
    (
        "<a href=/x><table><tr><td><a href=/y>b</a></table></a>",
        (
            '<a href="https://o.lv/x"><table><tbody><tr><td>b</td></tr></tbody></table></a>'
            ' <p><a href="https://o.lv/y">o.lv</a></p>'
        ),
    ),
    (
        "<a href=/x><table><tr><td><a href=/x>b</a></table></a>",
        '<a href="https://o.lv/x"><table><tbody><tr><td>b</td></tr></tbody></table></a>',
    ),
    (
        "<picture><picture><img src=/a></picture></picture>",
        '<picture><img src="https://o.lv/a"></picture>',
    ),
]

LINKS = [
    ('<a href="//b.lv">a</a>', '<a href="https://b.lv/">a</a>'),
    ('<a href="mailto:a@b.lv">a</a>', '<a href="mailto:a@b.lv">a</a>'),
    ('<a href="tel:+37160000000">a</a>', '<a href="tel:+37160000000">a</a>'),
    ('<a href="/x#y">a</a>', '<a href="https://o.lv/x#y">a</a>'),
    ('<a href="#no">a</a>', '<a href="https://o.lv/p/1#no">a</a>'),
    (
        '<p><a href="#n">1</a></p><p id="n">N</p><p id="m">M</p>',
        '<p><a href="#n">1</a></p><p id="n">N</p><p>M</p>',
    ),
    (
        '<p><a href="#n">1</a></p><p><a name="n"></a>N</p>',
        '<p><a href="#n">1</a></p><p><a name="n"></a>N</p>',
    ),
    ('<a href="#%C4%81">1</a><h2 id="ā">N</h2>', '<p><a href="#%C4%81">1</a></p><h2 id="ā">N</h2>'),
    (
        '<a href="#n">1</a><section id="n"><p>N</p></section>',
        '<p><a href="#n">1</a></p><div id="n"><p>N</p></div>',
    ),
    (
        '<p><a href="https://o.lv/p/1#n">1</a> <a href="/p/1#n">2</a></p><p id="n">N</p>',
        '<p><a href="#n">1</a> <a href="#n">2</a></p><p id="n">N</p>',
    ),
]

# The page of a release has an element "main" of its own.
LINKS += [
    (
        '<p><a href="#main">1</a></p><p id="main">M</p>',
        '<p><a href="#main-">1</a></p><p id="main-">M</p>',
    ),
    (
        '<p><a href="#main">1</a> <a href="#main-">2</a></p><p id="main">M</p><p id="main-">N</p>',
        (
            '<p><a href="#main--">1</a> <a href="#main-">2</a></p>'
            '<p id="main--">M</p><p id="main-">N</p>'
        ),
    ),
]

STRUCTURE = [
    (
        '<blockquote cite="/q"><p xml:lang="lv">a</p></blockquote>',
        '<blockquote cite="https://o.lv/q"><p lang="lv">a</p></blockquote>',
    ),
    ("<pre>a\r\nb</pre>", "<pre>a\nb</pre>"),
    (
        '<ol start="3" type="a" reversed><li value="7">x</li></ol>',
        '<ol start="3" type="a" reversed=""><li value="7">x</li></ol>',
    ),
    ('<p dir="rtl" lang="ar">x</p>', '<p dir="rtl" lang="ar">x</p>'),
    (
        '<p>a <span lang="lv">b</span> <span style="x">c</span></p>',
        '<p>a <span lang="lv">b</span> c</p>',
    ),
    ('<div dir="rtl">a<p>b</p></div>', '<div dir="rtl"><p>a</p><p>b</p></div>'),
    (
        "<table><caption>C</caption><tr><th scope=col rowspan=2>a<td colspan=3>b</table>",
        (
            '<table><caption>C</caption><tbody><tr><th rowspan="2" scope="col">a</th>'
            '<td colspan="3">b</td></tr></tbody></table>'
        ),
    ),
    (
        "a<table><tr><td>b</table>c<br>d",
        "<p>a</p><table><tbody><tr><td>b</td></tr></tbody></table><p>c<br>d</p>",
    ),
    ("a<pre>b\n c</pre>d", "<p>a</p><pre>b\n c</pre><p>d</p>"),
    ("a<ul><li>b</ul>c", "<p>a</p><ul><li>b</li></ul><p>c</p>"),
    ("<b>a</b>, b<hr>c", "<p><b>a</b>, b</p><hr><p>c</p>"),
    ("<div>a<div>b</div>c</div>", "<p>a</p><p>b</p><p>c</p>"),
    ("<li>a</li>", "<p>a</p>"),
    ("<xmp><b></xmp>", "<pre>&lt;b&gt;</pre>"),
    (
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
    ),
    ("One.\n\nTwo <b>b</b>,\nthree.", "<p>One.</p>\n\n<p>Two <b>b</b>,\nthree.</p>"),
    (
        "One.\n\nTwo\nthree: www.o.lv",
        '<p>One.</p>\n<p>Two<br>\nthree: <a href="http://www.o.lv">www.o.lv</a></p>',
    ),
    ("R &amp; D &lt;b&gt;", "<p>R &amp; D &lt;b&gt;</p>"),
    ("<o:p>a</o:p> <my-tag>b</my-tag>", "<p>a b</p>"),
    ("<base href='/q/'><a href=x>a</a>", '<a href="https://o.lv/q/x">a</a>'),
]

TEXT = [
    ("Email to <press@t.example> now", "<p>Email to &lt;press@t.example&gt; now</p>"),
    ("<p>Email to <press@t.example> now</p>", "<p>Email to &lt;press@t.example&gt; now</p>"),
    ("<p>a<b and c>d</p>", "<p>a&lt;b and c&gt;d</p>"),
    (
        "<p><john.doe> x < y <http://a.example/> $a<b$</p>",
        "<p>&lt;john.doe&gt; x &lt; y &lt;http://a.example/&gt; $a&lt;b$</p>",
    ),
    ("<p>Dear <first-name> <3 </3</p>", "<p>Dear &lt;first-name&gt; &lt;3 &lt;/3</p>"),
    ("<p>a <!-- b</p>", "<p>a &lt;!-- b</p>"),
    ("<p>a <!-- b --> c <![CDATA[d < e]]></p>", "<p>a  c d &lt; e</p>"),
    ("<p>a <a href='x>b</a> c</p>", "<p>a &lt;a href='x&gt;b c</p>"),
]


@pytest.mark.parametrize(("markup", "expected"), [*PICTURES, *MEDIA, *LINKS, *STRUCTURE, *TEXT])
def test_what_is_kept_or_replaced(markup: str, expected: str) -> None:
    found = content([Html(markup, BASE)])
    assert found.html == expected
    assert not found.dropped


DROPPED = [
    (
        "<img src='data:,x'>a<noscript><img src='/b.jpg'></noscript>",
        'a<img src="https://o.lv/b.jpg">',
        {"picture": 1},
    ),
    ("<div>a&#2;</div>", "<p>a</p>", {"control character": 1}),
    ("<p>a</p><amp-ad></amp-ad>", "<p>a</p>", {"embedded object": 1}),
    ("<p>a</p><picture><img src='data:,x'></picture>", "<p>a</p>", {"picture": 1}),
    ("<a href='http://[::1'>a</a>", "<a>a</a>", {"link": 1}),
    (
        "<a href='http://xn--a/'>a</a> <img src='http://xn--a/'>b",
        "<a>a</a> b",
        {"link": 1, "picture": 1},
    ),
    (
        "<object data=/f><a href='javascript:x'>b</a></object>",
        '<a href="https://o.lv/f">b</a>',
        {"link": 1},
    ),
    ("<a href='/x'><svg></svg></a>", '<a href="https://o.lv/x">o.lv</a>', {"drawing": 1}),
    ("<script>x</script><p>a</p>", "<p>a</p>", {"script": 1}),
    ("<script src='x'/><p>a</p>", "<p>a</p>", {"script": 1}),
    ("<style>x</style><link rel=stylesheet href=x><p>a</p>", "<p>a</p>", {"style": 2}),
    (
        "<form><label>Name <input></label> <select><option>a</select><button>Go</button></form>",
        "<p>Name   Go</p>",
        {"form": 1, "form field": 3},
    ),
    ("<textarea>a <b></textarea>", "<p>a &lt;b&gt;</p>", {"form field": 1}),
    ("<p><svg><text>x</text></svg>a<canvas>b</canvas></p>", "<p>ab</p>", {"drawing": 2}),
    ("<p><math alttext='x=2'><mi>x</mi></math></p>", "<p>x=2</p>", {"formula": 1}),
    (
        "<a href='javascript:x'>a</a> <a href='java\nscript:x'>b</a>",
        "<a>a</a> <a>b</a>",
        {"link": 2},
    ),
    ("<a href='ftp://o.example/'>a</a>", "<a>a</a>", {"link": 1}),
    ("<p><img src='data:image/png;base64,x' alt='A'></p>", "<p>A</p>", {"picture": 1}),
    ("<p>a <img src='file:///x'></p>", "<p>a</p>", {"picture": 1}),
    ("<p>a</p><iframe srcdoc='x'></iframe>", "<p>a</p>", {"embedded object": 1}),
    ("<p>a</p><audio controls></audio>", "<p>a</p>", {"embedded object": 1}),
    ("<video poster=/p.jpg></video>", '<img src="https://o.lv/p.jpg">', {"embedded object": 1}),
    ("<p>a\x01b&#2;\x9b\u202e</p>", "<p>ab</p>", {"control character": 4}),
    ("<p>a</p><template><p>b</template>", "<p>a</p>", {"template": 1}),
    ("<p style='background: url(/b.jpg)'>a</p>", "<p>a</p>", {"background picture": 1}),
    ('<p style="background:URL(/b.jpg)">a</p>', "<p>a</p>", {"background picture": 1}),
    (
        "<table><tr><td background=/b.jpg>a</table><div data-bg=/b.jpg style='color:red'>b</div>",
        "<table><tbody><tr><td>a</td></tr></tbody></table><p>b</p>",
        {"background picture": 2},
    ),
    (
        "<img src=/a.jpg longdesc=/d>",
        '<img src="https://o.lv/a.jpg">',
        {"long description": 1},
    ),
    (
        "<video src=/f.mp4 poster=/f.jpg>F</video>",
        '<a href="https://o.lv/f.mp4">F</a>',
        {"poster": 1},
    ),
    (
        "<audio title=A><source src=/a.mp3><source src=/a.ogg></audio>",
        '<a href="https://o.lv/a.mp3">A</a>',
        {"other format": 1},
    ),
    (
        "<v:imagedata src=/a.jpg /><o:p></o:p><lite-youtube videoid=x></lite-youtube>b",
        "<p>b</p>",
        {"embedded object": 2},
    ),
]


@pytest.mark.parametrize(("markup", "expected", "dropped"), DROPPED)
def test_what_is_dropped_is_counted(markup: str, expected: str, dropped: dict[str, int]) -> None:
    found = content([Html(markup, BASE)])
    assert (found.html, found.dropped) == (expected, dropped)


def test_without_a_base_relative_addresses_are_counted() -> None:
    found = content([Html("<a href='/x'>a</a><img src='/y'><img src='//b.lv/z'>")])
    assert found.html == '<a>a</a><img src="https://b.lv/z">'
    assert found.dropped == {"link": 1, "picture": 1}


def test_the_pictures_of_a_body_are_listed_in_order() -> None:
    markup = "<p><img alt=x src='/b?c=1&amp;d=2'><img src=/a.jpg title='<img src=/c>'></p>"
    found = content([Html(markup, BASE), Html("<img src=/c.jpg>", BASE)])
    assert found.pictures == (
        "https://o.lv/b?c=1&d=2", "https://o.lv/a.jpg", "https://o.lv/c.jpg",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("&" * 200_001, "more than 200000 character references"),
        ("<b>x</b>" + "< " * 200_001, "more than 200000 signs to escape"),
        ("<p>a" * 1001 + "x" * 10_000_001, "one text or attribute of more than 10 MB"),
        ("<ul><li>" * 1000, "nested more than 255 deep"),
    ],
)
def test_what_would_take_too_long_is_refused(markup: str, reason: str) -> None:
    with pytest.raises(MarkupError, match=reason):
        content([Html(markup)])


def test_many_paragraphs_and_attributes_are_read() -> None:
    assert content([Html("<p>a</p>" * 600)]).html == "<p>a</p>" * 600
    attributes = " ".join(f"a{number}=x" for number in range(101))
    assert content([Html(f"<p title=t {attributes}>a</p>")]).html == "<p>a</p>"


def test_many_tags_lose_no_more_than_few() -> None:
    markup = (
        "<iframe src=/v></iframe><svg><text>s</text></svg><textarea>t <b>"
        "</textarea><noscript><img src=/i>"
        "</noscript><script>x < y</script><select><option>o</select><xmp><i></xmp>"
    )
    few = content([Html(f"<p>a</p>{markup}", BASE)])
    many = content([Html(f"<p>a</p>{'<p>b</p>' * 1001}{markup}", BASE)])
    assert many.dropped == few.dropped
    assert many.html.replace("<p>b</p>", "").split() == few.html.split()


@pytest.mark.parametrize(
    "unit",
    [
        "<a <",
        '<a "" ="', '<a ="', '<a x="<a " ="', "<!--", "<title>", "<![CDATA[", "<", "</a", "<p a='",
        "<b>", "<a href=x>", "<object data=x>", "<picture>", "<div dir=rtl>", "<b><div>", "<li>",
        "<noscript><img>", "<img srcset=','>", "\n\n", "<p>\n\n", "<x-y>", "<table>", "<ul><li>",
        "<select>", "<svg>", "<img srcset='a,,,,,,,,,,,,b'>", "<a href='#x' id=x>",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_the_time_grows_with_the_length(unit: str) -> None:
    start = time.process_time()
    try:
        content([Html(unit * (150_000 // len(unit)), BASE)])
    except MarkupError as error:
        assert str(error)  # noqa: PT017 - refusing is one of two right outcomes
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "picture",
    [
        '<img class="a" src="https://o.lv/a.jpg" alt="A &amp; B" width="3" height="4" />',
        '<a href="https://o.lv/l.jpg"><img src="https://o.lv/a?b=1&amp;c" loading="lazy"></a>',
        '<img src="https://o.lv/1x1.gif" alt="">',
        '<img src="http://xn--a/" alt="A">',
    ],
)
def test_a_simple_picture_is_the_same_with_and_without_a_tree(picture: str) -> None:
    simple = f"<p>{picture} a</p>\n<ul><li>{picture}</li></ul>"
    assert content([Html(simple, BASE)]) == content([Html(f"{simple}<!-- x -->", BASE)])
