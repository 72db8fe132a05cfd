"""The paragraphs, links and line breaks of WordPress posts."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.sources.samples import post, records, wxr


def shown(body: str) -> str:
    """Return the HTML of a post."""
    (record,) = records("wordpress", wxr(post(body)))
    return "".join(block.text for block in record.body)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\r\nb\r\n\r\n\r\nc", "<p>a<br>\nb</p>\n<p>c</p>"),
        ("a\n \t\nb", "<p>a</p>\n<p>b</p>"),
        ("<p>a</p>\n\n<ul><li>b</li></ul>", "<p>a</p>\n<ul><li>b</li></ul>"),
        ("a\n\n<h2>b</h2>\n\nc", "<p>a</p>\n<h2>b</h2>\n<p>c</p>"),
        ("a <b>b</b>\n<h2>c\nd</h2>e", "<p>a <b>b</b></p>\n<h2>c<br>\nd</h2>\n<p>e</p>"),
        ("<pre>a\n\nb</pre>", "<pre>a\n\nb</pre>"),
        ("a\n<pre>b\n\n<b>c</b></pre>\nd", "<p>a</p>\n<pre>b\n\n<b>c</b></pre>\n<p>d</p>"),
        ("a <code>b\n\nc</code>\n\nd", "<p>a <code>b\n\nc</code></p>\n<p>d</p>"),
        ("<pre>a\n\nb", "<pre>\n<p>a</p>\n<p>b</p>"),
        ("a<hr>b", "<p>a</p>\n<hr>\n<p>b</p>"),
        (
            "a\n\n<table>\n<tr><td>b</td><td>c\n\nd</td></tr>\n</table>\n\ne\nf",
            (
                "<p>a</p>\n<table>\n<tr><td>b</td><td>\n<p>c</p>\n<p>d</p></td></tr>\n</table>"
                "\n<p>e<br>\nf</p>"
            ),
        ),
        (
            "a\n<ol>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ol>\nd",
            "<p>a</p>\n<ol>\n<li>b<ul>\n<li>c</li>\n</ul></li>\n</ol>\n<p>d</p>",
        ),
        ("<blockquote>a</blockquote>b", "<blockquote>\n<p>a</p></blockquote>\n<p>b</p>"),
        ("<blockquote><p>a</p></blockquote>", "<blockquote><p>a</p></blockquote>"),
        ("<div>a</div>", "<div>a</div>"),
        ("<div>a\n\nb</div>", "<div>\n<p>a</p>\n<p>b</p></div>"),
        ("<div>a<hr>b</div>", "<div>\n<p>a</p><hr>\n<p>b</p></div>"),
        ("<p>a\n\nb</p>c", "<p>a</p>\n<p>b</p>\n<p>c</p>"),
        ("<p>a<p>b", "<p>a</p>\n<p>b"),
        ("a<br />\nb<br>\n\n<br>c", "<p>a<br />\nb</p>\n<p>c</p>"),
        ("a</div>b</p>", "<p>a</p>\n<p>b</p>"),
        ("<div><ul></div>a", "<div><ul></div>\n<p>a</p>"),
        ("a <3 b\n\n< c", "<p>a <3 b</p>\n<p>< c</p>"),
        ('<a href="x>y">a</a>\n\nb', '<p><a href="x>y">a</a></p>\n<p>b</p>'),
        ('<a href="x>a</a>\n\nb', '<p><a href="x>a</a></p>\n<p>b</p>'),
        ("a\n<!-- b\n\nc -->\nd", "<p>a<br>\n<!-- b\n\nc --><br>\nd</p>"),
        ("a <!-- b\n\nc", "<p>a <!-- b</p>\n<p>c</p>"),
        ("<video>\n<source src=a>\n\n</video>", "<p><video>\n<source src=a>\n\n</video></p>"),
        ("", ""),
    ],
)
def test_text_becomes_paragraphs_as_in_wordpress(content: str, expected: str) -> None:
    assert shown(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "a\n\nhttps://video.example/1?a=b&amp;c=d\n\nb",
            (
                '<p>a</p>\n<p><a href="https://video.example/1?a=b&amp;c=d">'
                "https://video.example/1?a=b&amp;c=d</a></p>\n<p>b</p>"
            ),
        ),
        (
            "a\n http://x.example/ \nb",
            '<p>a<br>\n<a href="http://x.example/">http://x.example/</a><br>\nb</p>',
        ),
        ("<p>https://x.example</p>", '<p><a href="https://x.example">https://x.example</a></p>'),
        ("see https://x.example", "<p>see https://x.example</p>"),
        ("<b>a</b>https://x.example", "<p><b>a</b>https://x.example</p>"),
        ("https://x.example<b>a</b>", "<p>https://x.example<b>a</b></p>"),
        ('<a href="/">\nhttps://x.example\n</a>', '<p><a href="/">https://x.example<br>\n</a></p>'),
        ("<pre>\nhttps://x.example\n</pre>", "<pre>\nhttps://x.example\n</pre>"),
    ],
)
def test_an_address_on_a_line_of_its_own_becomes_a_link(content: str, expected: str) -> None:
    assert shown(content).replace('<a href="/"><br>\n', '<a href="/">') == expected


def test_a_post_made_of_blocks_keeps_its_lines() -> None:
    body = (
        "<!-- wp:paragraph -->\n<p>a\nb</p>\n<!-- /wp:paragraph -->\n\n"
        '<!-- wp:core-embed/video {"url":"https://x.example/1"} -->\n<figure><div>\n'
        "https://x.example/1\n</div></figure>\n<!-- /wp:core-embed/video -->"
    )
    assert shown(body).split() == [
        "<p>a", "b</p>", "<figure><div>", "<a", 'href="https://x.example/1">https://x.example/1</a>',
        "</div></figure>",
    ]  # fmt: skip


PARTS = st.sampled_from(
    [
        "{} ", "{} ", "{}", "\n", "\n\n", " ", "<p>", "</p>", "<div>", "</div>", "<ul>", "<li>",
        "</ul>", "<pre>", "</pre>", "<code>", "</code>", "<b>", "</b>", "<br>", "<hr>", "<table>",
        "<td>", "</table>", "<blockquote>", "</blockquote>", "<!--", "-->", "<h2>", "</h2>", "<",
        "[", "]", "[[", "]]", "[gallery]", "[caption]", "[caption id={}]", "[/caption]", "[embed]",
        "[/embed]", "[audio src=https://{}]", "[/audio]", '<img src="{}">', "https://{}.example",
        '<a href="{}">', "</a>", '"', "<!-- wp:x -->", "<!-- /wp:x -->", "<!--more-->",
    ]
)  # fmt: skip


@given(st.lists(PARTS, max_size=30))
@settings(max_examples=200)
@pytest.mark.slow
def test_no_word_picture_or_link_is_lost(parts: list[str]) -> None:
    stated = [part.format(f"w{number}w") for number, part in enumerate(parts)]
    found = shown("".join(stated))
    kept = [word for part in stated if "id=" not in part for word in re.findall(r"w\d+w", part)]
    assert [word for word in kept if word not in found] == []


@pytest.mark.parametrize(
    "part",
    ["[caption", "[caption]", "[caption ", "[gallery]", "[", "<", "<a ", '<a "', "<!--", "<pre>",
     "<code></pre>", "<div>", "<div></ul>", "<p>a\n\n", "\n ", "[/caption]", "[audio src=&quot;",
     '<!-- wp:x {"a":1} -->', "<br>\n", "<a>https://x.example\n", "[x-y a=“"],
)  # fmt: skip
@pytest.mark.slow
@pytest.mark.no_cover
def test_time_grows_with_the_length_of_a_post(part: str) -> None:
    def seconds(times: int) -> float:
        begin = time.process_time()
        shown(part * times)
        return time.process_time() - begin

    seconds(1000)
    assert seconds(16_000) < 20 * seconds(2000) + 0.2
