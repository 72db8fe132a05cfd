"""Pictures, documents and recordings that the items of feeds state."""

from typing import Any

import pytest

from feeds.domain import Attachment
from tests.ingest.sources.samples import atom, entry, item, json_feed, records, rss

MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
PICTURE = Attachment("https://a.lv/p.jpg", "image/jpeg", featured=True)


def attached(more: str) -> tuple[Attachment, ...]:
    text = rss(item(more), head="<link>https://a.lv/</link>")
    (record,) = records("feed", text.replace("<rss", f"<rss {MEDIA} {ITUNES}"))
    return record.attachments


def test_enclosures_keep_their_order_type_and_length() -> None:
    assert attached(
        '<enclosure url="https://a.lv/1.mp3" type="Audio/MPEG" length="123"/>'
        '<enclosure url="/2.pdf"/><enclosure url="https://a.lv/3" type="x" length="1"/>'
    ) == (
        Attachment("https://a.lv/1.mp3", "audio/mpeg", 123),
        Attachment("https://a.lv/2.pdf", "application/pdf"),
        Attachment("https://a.lv/3", None, 1),
    )


@pytest.mark.parametrize("length", ["0", "-1", "", " ", "many", "1.5", "9" * 30, "²"])
def test_a_length_that_is_no_number_of_bytes_is_not_known(length: str) -> None:
    (found,) = attached(f'<enclosure url="https://a.lv/1.mp3" length="{length}"/>')
    assert found.length is None


@pytest.mark.parametrize(
    "stated",
    [
        '<media:content url="https://a.lv/p.jpg" medium="image"/>',
        '<media:content url="https://a.lv/p.jpg" type="image/jpeg"/>',
        '<media:content url="https://a.lv/p.jpg"/><media:thumbnail url="https://a.lv/s.jpg"/>',
        '<media:group><media:content url="https://a.lv/p.jpg"/></media:group>',
        '<media:thumbnail url="https://a.lv/p.jpg"/>',
        (
            '<media:thumbnail url="https://a.lv/s.jpg" width="50"/>'
            '<media:thumbnail url="https://a.lv/p.jpg" width="900"/>'
        ),
        '<itunes:image href="https://a.lv/p.jpg"/><media:thumbnail url="https://a.lv/s.jpg"/>',
        "<image><url>https://a.lv/p.jpg</url></image>",
        "<image>https://a.lv/p.jpg</image>",
        '<enclosure url="https://a.lv/p.jpg"/><itunes:image href="https://a.lv/p.jpg"/>',
    ],
)
def test_the_picture_of_a_release_is_its_largest(stated: str) -> None:
    assert attached(stated) == (PICTURE,)


def test_media_have_titles_and_sizes_and_one_picture_is_featured() -> None:
    assert attached(
        '<media:group><media:title>Both</media:title><media:content url="https://a.lv/v.mp4"'
        ' fileSize="9" type="video/mp4"/><media:content url="https://a.lv/w" medium="video">'
        "<media:description>A &lt;b&gt;W&lt;/b&gt;</media:description></media:content>"
        '</media:group><media:content url="https://a.lv/p.jpg" medium="image"/>'
        '<media:content url="https://a.lv/q.png"/>'
        '<media:content><media:player url="https://a.lv/player"/></media:content>'
    ) == (
        Attachment("https://a.lv/v.mp4", "video/mp4", 9, "Both"),
        Attachment("https://a.lv/w", None, None, "A W"),
        PICTURE,
        Attachment("https://a.lv/q.png", "image/png"),
        Attachment("https://a.lv/player"),
    )


def test_a_video_with_a_thumbnail_has_that_picture() -> None:
    assert attached(
        '<media:group><media:content url="https://a.lv/v.mp4" medium="video"/>'
        '<media:thumbnail url="https://a.lv/p.jpg"/></media:group>'
    ) == (Attachment("https://a.lv/v.mp4", "video/mp4"), PICTURE)


def test_an_attachment_without_a_usable_address_is_counted() -> None:
    data = rss(
        item(
            f'<media:content {MEDIA} url="http://["/>'
            '<enclosure url="ftp://a.lv/x"/><enclosure/><enclosure url="http://["/>'
            f'<enclosure url="https://a.lv/{"x" * 2000}"/><enclosure url="data:,x"/>'
        )
    )
    (record,) = records("feed", data)
    assert (record.attachments, record.dropped) == ((), (("attachment", 6),))


def test_an_entry_of_atom_has_its_enclosures_and_media_and_content_elsewhere() -> None:
    stated = (
        '<link rel="enclosure" href="../f.pdf" type="application/pdf" length="7" title="F"/>'
        '<media:thumbnail xmlns:media="http://search.yahoo.com/mrss/" url="p.jpg"/>'
        '<content src="v.mp4" type="video/mp4"/><summary>S</summary>'
    )
    (record,) = records("feed", atom(entry(stated), attributes='xml:base="https://a.lv/b/"'))
    assert record.attachments == (
        Attachment("https://a.lv/f.pdf", "application/pdf", 7, "F"),
        Attachment("https://a.lv/b/v.mp4", "video/mp4"),
        Attachment("https://a.lv/b/p.jpg", "image/jpeg", featured=True),
    )


@pytest.mark.parametrize("stated", [{"image": "/p.jpg"}, {"banner_image": "https://a.lv/p.jpg"}])
def test_the_image_of_a_json_feed_item_is_its_picture(stated: dict[str, Any]) -> None:
    more: dict[str, Any] = {"title": "T", "date_published": "2010-05-04T12:00:00+03:00"}
    (record,) = records("feed", json_feed(more | stated, home_page_url="https://a.lv/"))
    assert record.attachments == (PICTURE,)


def test_an_empty_address_is_not_that_of_the_page() -> None:
    stated = (
        '<link>https://a.lv/1</link><enclosure url="" length="0" type=""/>'
        '<i:image xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd" href=" "/>'
        '<m:thumbnail xmlns:m="http://search.yahoo.com/mrss/" url="https://a.lv/p.jpg"/>'
    )
    (record,) = records("feed", rss(item(stated)))
    assert record.attachments == (PICTURE,)
    assert record.dropped == (("attachment", 2),)


def test_a_size_in_json_may_be_written_as_a_fraction() -> None:
    files = [{"url": "https://a.lv/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12.0}]
    one = {"title": "T", "date_published": "2010-05-04T12:00:00+03:00", "attachments": files}
    (record,) = records("feed", json_feed(one))
    assert record.attachments == (Attachment("https://a.lv/a.mp3", "audio/mpeg", 12),)
