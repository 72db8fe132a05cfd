"""Shortcodes and blocks of WordPress posts, and what becomes of them."""

import pytest

from feeds.ingest.sources import Record
from tests.ingest.sources.samples import items, post, refusals, wxr

SITE = "https://a.example.lv/"


def media(id_: int, name: str, parent: int = 9, more: str = "") -> str:
    """Write an attachment of a WordPress export, with the first letter of its file as the title."""
    return (
        f"<item><title>{name[0].upper()}</title><wp:post_id>{id_}</wp:post_id>"
        f"<wp:post_parent>{parent}</wp:post_parent><wp:status>inherit</wp:status>"
        f"<wp:post_type>attachment</wp:post_type>"
        f"<wp:attachment_url>{SITE}{name}</wp:attachment_url>{more}</item>"
    )


ALT = (
    "<wp:postmeta><wp:meta_key>_wp_attachment_image_alt</wp:meta_key>"
    "<wp:meta_value>Kuģis &amp;quot;A&amp;quot;</wp:meta_value></wp:postmeta>"
)
CAPTION = "<excerpt:encoded><![CDATA[Pie <em>krasta</em>]]></excerpt:encoded>"
EXPORT = (
    media(3, "c.png", more="<wp:menu_order>1</wp:menu_order>"),
    media(1, "a.jpg", more=CAPTION + ALT),
    media(12, "b.webp", 0),
    media(2, "d.jpg", more="<wp:menu_order>2</wp:menu_order>"),
    media(5, "k.mp3"),
    media(6, "l.mp3"),
    media(7, "v.mp4"),
    media(8, "p.pdf", 0),
)


def figure(name: str, alt: str, caption: str = "") -> str:
    shown = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure><img src="{SITE}{name}" alt="{alt}">{shown}</figure>'


A = figure("a.jpg", "Kuģis &quot;A&quot;", "Pie <em>krasta</em>")
B = figure("b.webp", "B")
C = figure("c.png", "C")
D = figure("d.jpg", "D")


def link(name: str, text: str) -> str:
    return f'<a href="{SITE}{name}">{text}</a>'


def read(body: str) -> Record:
    found = items("wordpress", wxr(*EXPORT, post(body, more="<wp:post_id>9</wp:post_id>")))[-1]
    assert isinstance(found, Record), found
    return found


def shown(body: str) -> str:
    """Return the HTML of a post with shortcodes."""
    return "".join(block.text for block in read(body).body).replace("\n", "")


IMG = '<img src="/x.jpg" />'
LINKED = f'<a href="/y.jpg">{IMG}</a>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            f'[caption id="attachment_1" align="alignleft" width="300"]{LINKED} Celtnis[/caption]',
            f"<figure>{LINKED}<figcaption>Celtnis</figcaption></figure>",
        ),
        (
            f"[caption width=300]{IMG} <a href='/z'>C</a>\n<em>b</em>[/caption]",
            f"<figure>{IMG}<figcaption><a href='/z'>C</a><br><em>b</em></figcaption></figure>",
        ),
        (
            f'[wp_caption caption="Celtnis &quot;A&quot;" width="3"]{LINKED}[/wp_caption]',
            f"<figure>{LINKED}<figcaption>Celtnis &quot;A&quot;</figcaption></figure>",
        ),
        (
            f"[caption width=&#8221;3&#8221; caption=“It’s new”]{IMG}[/caption]",
            f"<figure>{IMG}<figcaption>It’s new</figcaption></figure>",
        ),
        (
            f"[caption caption='Say &quot;hi&quot;']{IMG}[/caption]",
            f"<figure>{IMG}<figcaption>Say &quot;hi&quot;</figcaption></figure>",
        ),
        (f"a [caption]{IMG}[/caption] b", f"<p>a</p><figure>{IMG}</figure><p>b</p>"),
        (f"[caption]a {IMG} b[/caption]", f"<figure>a {IMG}<figcaption>b</figcaption></figure>"),
        ("[caption caption='a'][/caption]", "<p>a</p>"),
        ("[caption]<iframe></iframe> a[/caption]", "<p><iframe></iframe> a</p>"),
        ("[CAPTION]a[/Caption]", "<p>a</p>"),
        ("[caption]a [caption]b[/caption]", "<p>a b</p>"),
        (f"[caption]{IMG} [audio src=/a.mp3][/caption]",
         f'<figure>{IMG}<figcaption><a href="/a.mp3">a.mp3</a></figcaption></figure>'),
    ],
)  # fmt: skip
def test_a_caption_becomes_a_figure(content: str, expected: str) -> None:
    assert shown(content) == expected
    assert read(content).remarks == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('[gallery ids="12,1" columns="2" link="file"]', B + A),
        ("[gallery ids='1, 12']", A + B),
        ("[gallery ids=2]", D),
        ("[gallery ids=&quot;2&quot;]", D),
        ('[gallery include="2"/]', D),
        ("[gallery]", A + C + D),
        ("[gallery][/gallery]", A + C + D),
        ('[gallery exclude="1,2"]', C),
        ('[gallery order="DESC"]', D + C + A),
        ('[gallery orderby="ID"]', A + D + C),
        ('[gallery orderby="title" order="desc"]', D + C + A),
        ('[gallery orderby="rand"]', A + C + D),
        ('[gallery id="0"]', B),
        ('[gallery ids="8"]', f"<p>{link('p.pdf', 'P')}</p>"),
        ("a\n[gallery ids=2]\nb", f"<p>a</p>{D}<p>b</p>"),
        ("<p>[gallery ids=2]</p>", D),
    ],
)
def test_a_gallery_becomes_its_pictures(content: str, expected: str) -> None:
    assert shown(content).replace("<p></p>", "") == expected
    assert read(content).remarks == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f'[audio mp3="{SITE}k.mp3"][/audio]', link("k.mp3", "K")),
        (f'[audio src="{SITE}z%C4%81.mp3"]', link("z%C4%81.mp3", "zā.mp3")),
        (f"[audio {SITE}k.mp3]", link("k.mp3", "K")),
        (f"[audio]{SITE}k.mp3[/audio]", link("k.mp3", "K")),
        ("[audio]", link("k.mp3", "K")),
        ("[audio src=http://a℀b/k.mp3]", '<a href="http://a℀b/k.mp3">http://a℀b/k.mp3</a>'),
        (
            f'[audio mp3="{SITE}k.mp3" ogg="{SITE}k.ogg" loop="on"]',
            f"{link('k.mp3', 'K')} {link('k.ogg', 'k.ogg')}",
        ),
        (f"[audio src={SITE}k.mp3]{link('k.mp3', 'Runa')}[/audio]", link("k.mp3", "Runa")),
        (f"[audio src={SITE}k.mp3]Runa[/audio]", f"{link('k.mp3', 'K')} Runa"),
        ("[video]", link("v.mp4", "V")),
        (
            f'[video width="640" mp4="{SITE}v.mp4" poster="/x.jpg"][/video]',
            f'<img src="/x.jpg" alt=""> {link("v.mp4", "V")}',
        ),
        (f'[video webm="{SITE}w.webm?a=1&amp;b=2"]', link("w.webm?a=1&amp;b=2", "w.webm")),
        ("[embed width='500']https://x.example/1?a=b&amp;c[/embed]",
         '<a href="https://x.example/1?a=b&amp;c">https://x.example/1?a=b&amp;c</a>'),
        ("[embed src='https://x.example/1']",
         '<a href="https://x.example/1">https://x.example/1</a>'),
        ("[embed]nothing[/embed]", "nothing"),
    ],
)  # fmt: skip
def test_recordings_and_embeds_become_links(content: str, expected: str) -> None:
    assert shown(content) == f"<p>{expected}</p>"
    assert read(content).remarks == ()


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("[playlist]", "kl"),
        ('[playlist ids="6,5"]', "lk"),
        ('[playlist type="video"]', "v"),
        ("[playlist exclude=5]", "l"),
    ],
)
def test_a_playlist_becomes_a_list_of_links(content: str, names: str) -> None:
    suffixes = {"v": "mp4"}
    entries = (link(f"{name}.{suffixes.get(name, 'mp3')}", name.upper()) for name in names)
    assert shown(content) == f"<ul>{''.join(f'<li>{entry}</li>' for entry in entries)}</ul>"


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        ("[gallery ids=43]", "the gallery's picture 43 is not in the export"),
        (
            "[gallery ids='1,43'] [gallery ids='44,45,43']",
            "the gallery's pictures 43, 44 and 45 are not in the export",
        ),
        ("[playlist ids=44,x]", "the playlist's recordings 44 and x are not in the export"),
        ("[gallery id=77]", "the shortcode [gallery] shows no file of the export"),
        ("[playlist type=none]", "the shortcode [playlist] shows no file of the export"),
        ("[contact-form]", "the shortcode [contact-form] is not known and stays as text"),
        (
            "[map lat=1] [map lat='2']",
            "the shortcode [map] is not known and stays as text (2 times)",
        ),
        ("[clip https://x.example]", "the shortcode [clip] is not known and stays as text"),
        ("[b]a[/b]", "the shortcode [b] is not known and stays as text"),
        ("a [/caption]", "the shortcode [/caption] ends nothing and stays as text"),
        (
            '<!-- wp:latest-posts {"a":1} /-->',
            "the block latest-posts has no content in the export",
        ),
        ('<!-- wp:block {"ref":7} /-->', "the block with the id 7 has no content in the export"),
        (
            "<!-- wp:a/b /--><!-- wp:a/b /-->",
            "the block a/b has no content in the export (2 times)",
        ),
        ('<!-- wp:image {"id":43} /-->', "the image block's file 43 is not in the export"),
    ],
)
def test_what_is_missing_or_not_known_is_named(content: str, remark: str) -> None:
    assert remark in read(content).remarks


def test_a_recording_of_a_post_without_any_is_named() -> None:
    found = items("wordpress", wxr(post("a [audio] b [video src='']c[/video]")))[0]
    assert isinstance(found, Record)
    assert [block.text for block in found.body] == ["<p>a  b c</p>"]
    assert found.remarks == (
        "the shortcode [audio] shows no file of the export",
        "the shortcode [video] shows no file of the export",
    )


def test_many_names_are_cut_short() -> None:
    (remark, *_) = read(f"[gallery ids={','.join(map(str, range(100, 130)))}]").remarks
    assert remark.endswith(", 117, 118 and 11 more are not in the export")
    remarks = read(" ".join(f"[x-{n}]" for n in range(30))).remarks
    assert len(remarks) == 21
    assert remarks[-1] == "10 more shortcodes and blocks are not known"


@pytest.mark.parametrize(
    "content",
    [
        "a [1] [sic] [...] [see note 3] [a.b c=d] [e mail",
        "<pre>[gallery] [x-y]</pre>",
        "<p><code>[gallery]</code></p>",
        '<p><a title="[gallery]">a</a></p>',
        "<!-- [gallery] -->",
        "<script>[gallery]</script>",
    ],
)
def test_other_words_in_brackets_stay_as_they_are(content: str) -> None:
    assert content in shown(content)
    assert read(content).remarks == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[[gallery]]", "[gallery]"),
        ("[[gallery ids='1']] [[audio /]]", "[gallery ids='1'] [audio /]"),
        ("[[caption]a [b] c[/caption]]", "[caption]a [b] c[/caption]"),
        ("[[caption]] a", "[caption] a"),
        ("[[embed]a[/embed]", "[a"),
        ("[embed]a[/embed]]", "a]"),
        ("[[x-y]]", "[[x-y]]"),
    ],
)
def test_an_escaped_shortcode_is_text(content: str, expected: str) -> None:
    assert shown(content) == f"<p>{expected}</p>"
    assert read(content).remarks == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a<!--more-->b<!--nextpage-->c<!--more Vairāk--><!--noteaser-->", "<p>abc</p>"),
        ('<!-- wp:paragraph {"x":1} -->\n<p>a</p>\n<!-- /wp:paragraph -->', "<p>a</p>"),
        ("<!-- wp:more -->\n<!--more-->\n<!-- /wp:more --><!-- wp:spacer /-->", ""),
        ('<!-- wp:gallery {"ids":[1,12]} /-->', A + B),
        ('<!-- wp:core/gallery {"ids":[12]} -->\n<!-- /wp:gallery -->', B),
        ('<!-- wp:image {"id":12} /-->', B),
        ('<!-- wp:file {"id":8} /-->', f"<p>{link('p.pdf', 'P')}</p>"),
        (f'<!-- wp:audio {{"src":"{SITE}k.mp3"}} /-->', f"<p>{link('k.mp3', 'K')}</p>"),
        (f'<!-- wp:image {{"url":"{SITE}b.webp","alt":"B"}} /-->', B),
        ('<!-- wp:embed {"url":"https://x.example/1"} /-->',
         '<p><a href="https://x.example/1">https://x.example/1</a></p>'),
        ('<!-- wp:social-link {"url":"https://x.example/1","label":"X"} /-->',
         '<p><a href="https://x.example/1">X</a></p>'),
        ("<!-- wp:shortcode -->\n[gallery ids=12]\n<!-- /wp:shortcode -->", f"<p>{B}</p>"),
        (f'<!-- wp:cover {{"url":"{SITE}b.webp","alt":"B"}} --><p>a</p><!-- /wp:cover -->',
         f"{B}<p>a</p>"),
        ('<!-- wp:cover {"url":"https://x.example/?a&b"} --><img src="https://x.example/?a&amp;b">',
         '<img src="https://x.example/?a&amp;b">'),
        ("<!-- wp:x {broken /--><p>a</p>", "<p>a</p>"),
        ("<!-- wp:x [1] /--><p>a</p>", "<p>a</p>"),
    ],
)  # fmt: skip
def test_blocks_become_what_they_show(content: str, expected: str) -> None:
    assert shown(content) == expected


def test_deep_attributes_of_a_block_are_ignored() -> None:
    assert shown("<!-- wp:x {" + '"a":{' * 50_000 + " /--><p>a</p>") == "<p>a</p>"


def test_a_gallery_shows_the_first_thousand_pictures_of_a_post() -> None:
    pictures = (media(n, f"x{n}.jpg") for n in range(1001))
    found = items("wordpress", wxr(*pictures, post("[gallery]", "<wp:post_id>9</wp:post_id>")))[-1]
    assert isinstance(found, Record)
    assert "".join(block.text for block in found.body).count("<img") == 1000
    assert found.remarks == (
        "only the first 1000 of its attachments were read",
        "the shortcode [gallery] shows the first 1000 files of the post alone",
    )


def test_a_very_long_caption_is_cut() -> None:
    caption = f"<excerpt:encoded><![CDATA[<b>{'a &amp; b ' * 5000}</b>]]></excerpt:encoded>"
    found = items("wordpress", wxr(media(1, "a.jpg", 0, caption), post("[gallery ids=1]")))[-1]
    assert isinstance(found, Record)
    (block,) = found.body
    assert block.text.endswith(" …</figcaption></figure>")
    assert len(block.text) < 20_000


def test_a_post_whose_galleries_are_huge_is_refused() -> None:
    document = wxr(*EXPORT, post("[gallery]" * 20_000, more="<wp:post_id>9</wp:post_id>"))
    assert refusals("wordpress", document) == [
        ("item 9", "its galleries and playlists are longer than 4194304 characters")
    ]
