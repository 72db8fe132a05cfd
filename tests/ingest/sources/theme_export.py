"""A WordPress export with all features that the test data for themes of WordPress has.

The posts are invented. Each has what it is about in its title.
"""

from collections.abc import Iterator

SITE = "https://quay.example"
UPLOADS = f"{SITE}/wp-content/uploads/2019/04"

LONG = "The harbour of a town whose name is longer than any sign can hold " * 4
TABLE = (
    "<table><caption>Fees</caption><thead><tr><th scope='col'>Ship</th><th>Fee</th></tr></thead>"
    "<tfoot><tr><td colspan='2'>in euros</td></tr></tfoot><tbody><tr><td><a href='/ships/"
    "anna'>Anna</a></td><td>5</td></tr><tr><td>Berta</td><td>7</td></tr></tbody></table>"
)


def image(name: str, alt: str = "", more: str = "") -> str:
    """Return an image element."""
    return f'<img class="size-full wp-image-9" src="{UPLOADS}/{name}" alt="{alt}" {more}/>'


def linked(name: str, size: str = "300x200") -> str:
    """Return a smaller picture with a link to the whole one."""
    stem, _, suffix = name.rpartition(".")
    return f'<a href="{UPLOADS}/{name}">{image(f"{stem}-{size}.{suffix}", stem)}</a>'


def caption(align: str, inner: str, text: str, quote: str = '"') -> str:
    """Return a picture with a caption."""
    return (
        f"[caption id={quote}attachment_9{quote} align={quote}align{align}{quote} "
        f"width={quote}300{quote}]{inner} {text}[/caption]"
    )


def block(name: str, inner: str, attributes: str = "") -> str:
    """Return a block."""
    return f"<!-- wp:{name} {attributes} -->\n{inner}\n<!-- /wp:{name} -->\n\n"


def paragraph(text: str) -> str:
    """Return a block with a paragraph."""
    return block("paragraph", f"<p>{text}</p>")


ATTACHMENTS = [
    # number, file, parent, description, alternative text
    (901, "crane.jpg", 0, "A crane at dawn", "Crane"),
    (902, "ferry.png", 0, "", "Ferry"),
    (903, "gull.jpg", 0, "", ""),
    (904, "lock.jpg", 121, "The lock", "Lock"),
    (905, "mole.jpg", 121, "", "Mole"),
    (906, "buoy.webp", 121, "A buoy &amp; its chain", ""),
    (907, "horn.mp3", 131, "", ""),
    (908, "song.ogg", 131, "", ""),
    (909, "film.mp4", 132, "", ""),
    (910, "plan.pdf", 141, "", ""),
    (911, "fees.xlsx", 141, "", ""),
    (912, "pier.jpg", 142, "", "Pier"),
    (913, "boat.jpg", 143, "", "Boat"),
    (914, "tug.jpg", 0, "", "Tug"),
]

MARKUP = {
    101: ("Headings", "".join(f"<h{n}>Heading {n}</h{n}>\n\n" for n in range(1, 7)) + "Text"),
    102: (
        "Text-level elements",
        (
            "<abbr title='Harbour Office'>HO</abbr> <acronym title='x'>ACR</acronym> "
            "<cite><a href='/cited'>Cited</a></cite> <del>old</del> <ins>new</ins> <kbd>Ctrl</kbd> "
            "<q>quoted</q> <s>struck</s> <small>small</small> H<sub>2</sub>O m<sup>3</sup> "
            "<var>x</var> <em>em</em> <strong>strong</strong> <code>a &lt; b</code>"
        ),
    ),
    103: (
        "Blockquotes",
        (
            "Single:\n<blockquote>Stay hungry.</blockquote>\nMany lines:\n"
            "<blockquote>One.\n\nTwo.\n\n<cite><a href='/who'>Who</a></cite></blockquote>\nEnd"
        ),
    ),
    104: ("Table", f"Before\n\n{TABLE}\n\nAfter\nand after"),
    105: (
        "Definition list",
        (
            "<dl>\n<dt>Quay</dt>\n<dd>A place to moor.</dd>\n<dt>Mole</dt>\n"
            "<dd>A wall.\n\nOf stone.</dd>\n</dl>"
        ),
    ),
    106: (
        "Nested lists",
        (
            "Intro\n<ul>\n<li>One\n<ul>\n<li>Two\n<ol>\n<li>Three <a href='/3'>3</a>"
            "</li>\n</ol>\n</li>\n</ul>\n</li>\n<li>Four</li>\n</ul>\nOutro"
        ),
    ),
    107: ("Ordered lists", "<ol start='5' type='i' reversed>\n<li>Five</li>\n<li>Four</li>\n</ol>"),
    108: ("Address", "<address>1 Quay Street\nHarbourtown\nE1 2AB</address>"),
    109: (
        "Preformatted text",
        "Code:\n<pre>[gallery]\n\n  two spaces &lt;b&gt;\nhttps://x.example</pre>\nAfter",
    ),
    110: (
        "Code",
        "Call <code>[gallery ids='1']</code> or <code>&lt;a href=&quot;/&quot;&gt;</code>.",
    ),
    111: ("Rules and breaks", "One<br />\nTwo<br>Three\n<hr />\nFour\n\n\n\n\nFive"),
    112: (
        "Divisions",
        (
            "<div class='box'>In a box.\n\nTwo <a href='/box'>lines</a>.</div>\nOutside"
            "<section><h2>Part</h2>Text</section>"
        ),
    ),
    113: ("In-page links", "<a href='#note'>See the note</a>\n\n<p id='note'>The note</p>"),
}
CAPTIONS = {
    114: ("Picture with a caption on the left", "Text "
          + caption("left", linked("crane.jpg"), "The crane") + " more text"),
    115: ("Picture with a caption on the right",
          caption("right", linked("ferry.png"), "A <em>ferry</em>, <a href='/ferry'>more</a>")),
    116: ("Picture with a caption in the centre",
          caption("center", image("gull.jpg", "Gull"), "A gull")),
    117: ("Picture with a caption and no alignment",
          caption("none", image("gull-150x150.jpg", "Gull"), "A small gull", "'")),
    118: ("Pictures without captions", "<p>" + image("tug.jpg", "Tug", 'width="300"') + "</p>\n\n"
          + linked("tug.jpg") + "\n\nText around " + image("tug-150x150.jpg") + " a picture"),
    119: ("Captions of older versions",
          (f"[wp_caption caption=&quot;An old caption&quot;]{image('old.jpg')}[/wp_caption]\n"
          f'[caption width="3" caption="Older &amp; wiser"]{image("older.jpg")}[/caption]')),
    120: ("Picture with other sizes", image("wide-1024x400.jpg", "Wide", f'srcset="{UPLOADS}/'
          f'wide-300x100.jpg 300w, {UPLOADS}/wide-1024x400.jpg 1024w" sizes="100vw"')),
}  # fmt: skip
MEDIA = {
    121: (
        "Gallery of the post",
        "Its own:\n\n[gallery]\n\nAnd: [gallery columns='1' exclude='905']",
    ),
    122: ("Gallery of chosen pictures", '[gallery ids="903,901,902" link="file" size="large"]'),
    123: ("Gallery with missing pictures", '[gallery ids="901,9991,9992"] [gallery include=9993]'),
    124: ("Gallery of another post", "[gallery id='121' order='DESC' orderby='ID']"),
    125: ("Gallery in typographic quotes", "[gallery ids=&#8221;901,902&#8221;]"),
    126: ("Escaped shortcodes", "Write [[gallery]] or [[caption]a picture[/caption]] as such."),
    127: (
        "Unknown shortcodes",
        (
            '[contact-form-7 id="1" title="Contact"]\n\n[toc] [sic] [1] '
            '[button url="/x"]Press[/button]'
        ),
    ),
    131: (
        "Audio",
        (
            f"[audio]\n\n[audio mp3='{UPLOADS}/horn.mp3'][/audio]\n\n[playlist]\n\n"
            f"[audio src='{SITE}/other/bell.wav']"
        ),
    ),
    132: (
        "Video",
        (
            f"[video width='640' mp4='{UPLOADS}/film.mp4' webm='{SITE}/film.webm' poster="
            f"'{UPLOADS}/still.jpg'][/video]\n\n[playlist type='video' ids='909,9994']"
        ),
    ),
    133: (
        "Embeds",
        (
            "https://film.example/watch?v=1&amp;t=2\n\n[embed width='500']https://photo."
            "example/p/2[/embed]\n\nSee https://not.example/alone in a line\nhttps://talk.example/3"
        ),
    ),
    134: (
        "Frames",
        (
            "<iframe src='https://map.example/embed' title='Map'></iframe>\n"
            f"<video src='{SITE}/raw.mp4' controls><a href='{SITE}/raw.mp4'>The film</a></video>\n"
            f"<audio controls><source src='{SITE}/raw.mp3'></audio>\n"
            f"<object data='{SITE}/raw.pdf'><a href='{SITE}/raw.pdf'>Plan</a></object>"
        ),
    ),
}
ATTACHED = {
    141: ("Attached documents", f"The <a href='{UPLOADS}/plan.pdf'>plan</a> and the fees."),
    142: ("Attached picture that is in the text", linked("pier.jpg")),
    143: ("Attached picture that is not in the text", "A boat."),
    144: ("Featured picture", "A post with a featured picture."),
    145: ("Featured picture that is also in the text", image("tug.jpg", "Tug")),
    146: ("Featured picture that is missing", "The picture was deleted."),
    147: ("One picture only", image("gull.jpg", "Gull")),
}
TEXTS = {
    151: ("More tag", "Teaser.\n\n<!--more-->\n\nThe rest."),
    152: ("More tag with words", "Teaser.<!--more Read on-->\n\nThe rest."),
    153: (
        "Pages",
        "Page 1\n\n<!--nextpage-->\n\nPage 2\n\n<!--nextpage-->\n\nPage 3 <a href='/3'>x</a>",
    ),
    154: ("Excerpt", "The content, not the excerpt."),
    155: (LONG, "A long title."),
    156: ("Words" * 30, "A title of one word."),
    157: ("Markup in a <em>title</em> &amp; a <strong>strong</strong> one", "Text"),
    158: (
        "Special characters: ~`!@#$%^&amp;*()-_=+{}[]/;:'?,.&gt; “ ” ‘ ’ – — … ©",
        "$1 \\0 %s {0} ]]",
    ),
    159: ("Ķīšu ģimene šķērso jūru", "Glāžšķūņa rūķīši dzērumā čiepj Baha koncertflīģeļu vākus."),
    160: ("港湾のお知らせ", "新しいクレーンが稼働しました。\n\n<a href='/日本'>詳細</a>"),
    161: ("أخبار الميناء", "<p dir='rtl'>بدأت الرافعة الجديدة العمل.</p>"),
    162: ("Новости порта", "Новый кран работает.\n\nВторой абзац."),
    163: ("Emoji 🚢", "A ship: 🚢 and an anchor: ⚓"),
    164: ("Sticky", "It stays on top."),
    165: ("Comments", "It has comments."),
    166: ("Many categories", "In many categories."),
    167: ("No category", "In none."),
    168: ("Nested and mixed-up markup", "<b>bold <i>both</b> italic</i>\n\n<p>open\n\n</div>end"),
    169: ("Address in angle brackets", "Write to <press@quay.example> now, if a<b and c>d."),
    170: ("Windows line ends", "One\r\ntwo\r\n\r\nThree"),
    171: ("Older than any reader", "From 1999."),
}
BLOCKS = {
    181: ("Block: image", block("image", f'<figure class="wp-block-image">{image("b1.jpg", "B1")}'
          "<figcaption>With <a href='/b1'>caption</a></figcaption></figure>", '{"id":9}')),
    182: ("Block: gallery", block("gallery", '<figure class="wp-block-gallery">'
          + block("image", f"<figure>{image('b2.jpg')}</figure>")
          + block("image", f"<figure>{image('b3.jpg')}<figcaption>B3</figcaption></figure>")
          + "</figure>", '{"linkTo":"none"}')),
    183: ("Block: gallery of older versions", block("gallery", '<ul class="wp-block-gallery">'
          f"<li><figure>{image('b4.jpg')}</figure></li><li><figure>{image('b5.jpg')}</figure></li>"
          "</ul>", '{"ids":[1,2]}')),
    184: ("Block: cover", block("cover", f"<div>{image('b6.jpg')}<p>On the cover</p></div>",
          f'{{"url":"{UPLOADS}/b6.jpg"}}')),
    185: ("Block: cover of older versions", block("cover", "<div style='background-image:"
          f"url({UPLOADS}/b7.jpg)'><p>On it</p></div>", f'{{"url":"{UPLOADS}/b7.jpg"}}')),
    186: ("Block: columns", block("columns", "<div>" + block("column", "<div>" + paragraph("Left")
          + "</div>") + block("column", "<div>" + paragraph("Right <a href='/r'>r</a>") + "</div>")
          + "</div>")),
    187: ("Block: embed", block("embed", "<figure><div class='wp-block-embed__wrapper'>\n"
          "https://film.example/watch?v=9\n</div><figcaption>Film</figcaption></figure>",
          '{"url":"https://film.example/watch?v=9"}')),
    188: ("Block: file", block("file", f"<div><a href='{UPLOADS}/b8.pdf'>Plan</a><a href='{UPLOADS}"
          "/b8.pdf' download>Download</a></div>")),
    189: ("Block: table", block("table", f"<figure>{TABLE}<figcaption>F</figcaption></figure>")),
    190: ("Block: quote", block("quote", "<blockquote>" + paragraph("Said") + "<cite>Who</cite>"
          "</blockquote>") + block("pullquote", "<figure><blockquote><p>Pulled</p></blockquote>"
          "</figure>")),
    191: ("Block: button", block("buttons", "<div>" + block("button", "<div><a href='/b'>Press</a>"
          "</div>") + "</div>")),
    192: ("Block: code", block("code", "<pre><code>[gallery]\n\n&lt;b&gt;</code></pre>")),
    193: ("Block: list and headings", block("heading", "<h2 id='top'>Top</h2>") + block("list",
          "<ul><li>a</li><li>b</li></ul>") + block("separator", "<hr/>") + "<!-- wp:spacer /-->"),
    194: ("Block: audio and video", block("audio", f"<figure><audio controls src='{SITE}/b9.mp3'>"
          "</audio></figure>") + block("video", f"<figure><video src='{SITE}/b9.mp4'></video>"
          "</figure>")),
    195: ("Block: media and text", block("media-text", f"<div><figure>{image('b10.jpg')}</figure>"
          "<div>" + paragraph("Beside it") + "</div></div>", '{"mediaId":9}')),
    196: ("Block: shortcode", block("shortcode", '[gallery ids="901"]')),
    197: ("Blocks without HTML", "\n\n".join((
          '<!-- wp:embed {"url":"https://film.example/8"} /-->', "<!-- wp:latest-posts /-->",
          '<!-- wp:gallery {"ids":[902,9995]} /-->', '<!-- wp:block {"ref":77} /-->',
          f'<!-- wp:image {{"url":"{UPLOADS}/b11.jpg"}} /-->'))),
    198: ("Block: more", paragraph("Teaser") + block("more", "<!--more-->") + paragraph("Rest")),
}  # fmt: skip

POSTS = MARKUP | CAPTIONS | MEDIA | ATTACHED | TEXTS | BLOCKS
FEATURED = {144: 914, 145: 914, 146: 9996}
CATEGORIES = {
    166: ["Zebra", "alpha", "Ships &amp; boats", "Ships", "Ķirši", "1234", "A / B", "Parent"],
    167: [],
}

NOT_PUBLIC = [
    ("A draft", "post", "draft", ""),
    ("An automatic draft", "post", "auto-draft", ""),
    ("Scheduled", "post", "future", ""),
    ("Pending", "post", "pending", ""),
    ("Private", "post", "private", ""),
    ("In the trash", "post", "trash", ""),
    ("With a password", "post", "publish", "enter"),
    ("A page", "page", "publish", ""),
    ("A revision", "revision", "inherit", ""),
    ("A menu item", "nav_menu_item", "publish", ""),
    ("A reusable block", "wp_block", "publish", ""),
    ("Styles", "custom_css", "publish", ""),
]
UNTITLED = "A post without a title."


def _item(number: int, title: str, body: str, more: str, kind: str, state: str) -> str:
    year = 1999 if number == 171 else 2019
    return (
        f"<item><title><![CDATA[{title}]]></title><link>{SITE}/{number}/</link>"
        f"<pubDate>Mon, 01 Apr {year} 09:00:00 +0000</pubDate>"
        f"<dc:creator><![CDATA[desk]]></dc:creator>"
        f'<guid isPermaLink="false">{SITE}/?p={number}</guid><description></description>'
        f"<content:encoded><![CDATA[{body.replace(']]', ']]]]><![CDATA[')}]]></content:encoded>"
        f"<excerpt:encoded><![CDATA[{'An excerpt.' if number == 154 else ''}]]></excerpt:encoded>"
        f"<wp:post_id>{number}</wp:post_id>"
        f"<wp:post_date_gmt>{year}-04-01 09:{number % 60:02}:{number % 50:02}</wp:post_date_gmt>"
        f"<wp:status>{state}</wp:status><wp:post_type>{kind}</wp:post_type>{more}</item>"
    )


def _meta(key: str, value: object) -> str:
    return (
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value><![CDATA[{value}]]>"
        "</wp:meta_value></wp:postmeta>"
    )


def _items() -> Iterator[str]:
    for number, (title, body) in POSTS.items():
        categories = CATEGORIES.get(number, ["Harbour"])
        more = "".join(
            f'<category domain="category" nicename="x"><![CDATA[{name}]]></category>'
            for name in categories
        )
        more += '<category domain="post_tag" nicename="t"><![CDATA[tag]]></category>'
        if number in FEATURED:
            more += _meta("_thumbnail_id", FEATURED[number])
        if number == 164:
            more += "<wp:is_sticky>1</wp:is_sticky>"
        if number == 165:
            more += (
                "<wp:comment><wp:comment_author>Visitor</wp:comment_author><wp:comment_content>"
                "<![CDATA[A comment <a href='https://spam.example'>x</a>]]></wp:comment_content>"
                "</wp:comment>"
            )
        yield _item(number, title, body, more, "post", "publish")
    for number, (title, kind, state, password) in enumerate(NOT_PUBLIC, 301):
        more = f"<wp:post_password>{password}</wp:post_password>"
        yield _item(number, title, "Secret", more, kind, state)
    yield _item(400, "", UNTITLED, "", "post", "publish")
    for number, file, parent, description, alt in ATTACHMENTS:
        more = (
            f"<wp:post_parent>{parent}</wp:post_parent>"
            f"<wp:attachment_url>{UPLOADS}/{file}</wp:attachment_url>"
        )
        more += _meta("_wp_attachment_image_alt", alt) if alt else ""
        stem = file.partition(".")[0]
        yield _item(number, stem, description, more, "attachment", "inherit")


def export() -> str:
    """Return the export: more than 60 posts, what is not public, and attachments after them."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:wp="http://wordpress.org/export/1.2/">'
        f"<channel><title>Quay</title><link>{SITE}</link><language>en</language>"
        "<wp:author><wp:author_login>desk</wp:author_login>"
        "<wp:author_display_name><![CDATA[Press desk]]></wp:author_display_name></wp:author>"
        f"{''.join(_items())}</channel></rss>"
    )
