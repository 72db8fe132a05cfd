"""What `feeds check --public` finds at a real address: a sound service, and spoiled ones."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from feeds.operations.check import asking
from tests.deploy.site import behind_nginx, certify
from tests.operations.check.test_store import looked_at_store
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="what is public does not depend on the engine")

Reply = tuple[int, dict[str, str], bytes]
Answers = Callable[[str, Mapping[str, str]], Reply]

GONE: Reply = (404, {"Content-Type": "text/plain"}, b"gone")
PICTURE: Reply = (200, {"Content-Type": "image/png"}, b"\x89PNG")


class Host:
    """A web server on this machine whose answers a test can change while it runs."""

    def __init__(self, certificate: Path | None = None) -> None:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = host.answers(self.path, dict(self.headers))
                if status == 0:
                    return
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        if certificate:
            self.address = self.address.replace("http:", "https:")
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate / "fullchain.pem", certificate / "privkey.pem")
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.answers: Answers = lambda _path, _headers: GONE

    @contextmanager
    def running(self) -> Iterator["Host"]:
        Thread(target=self.server.serve_forever, args=(0.01,)).start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()

    def serve(self, portal: Portal) -> Answers:
        """Answer what the service answers; return that."""
        client = portal.client()

        def passed(path: str, headers: Mapping[str, str]) -> Reply:
            response = client.get(path, headers=dict(headers))
            return response.status_code, dict(response.headers), response.data

        self.answers = passed
        return passed


@pytest.fixture
def old_host() -> Iterator[Host]:
    """Yield the host of the old portal, which redirects releases and has the pictures."""
    with Host().running() as host:
        yield host


@pytest.fixture
def host() -> Iterator[Host]:
    with Host().running() as host:
        yield host


def filled(portal: Portal, base: str, old: str) -> Portal:
    """Fill a portal that has been suspended for long with all that is asked for."""
    portal.environ["FEEDS_BASE_URL"] = base
    assert portal.feeds("migrate").code == 0
    records = [
        {"title": f"R{n}", "body_html": f'<p><img src="{old}/{n}.png" alt="A"></p>',
         "published": f"2010-05-0{n}T09:00:00Z", "url": f"{old}/ž?id={n}",
         "categories": ["Sports"]}
        for n in (1, 2, 3)
    ]  # fmt: skip
    lines = portal.write("a.jsonl", "\n".join(map(json.dumps, records)))
    assert portal.feeds("import", lines).code == 0
    assert portal.feeds("categories", "rename", "Sports", "Kustība").code == 0
    assert portal.feeds("address", "add", "/rss.php?cat=1", "/categories/kustiba.rss").code == 0
    assert portal.feeds("suspend").code == 0
    # As if all this had been done a day ago.
    for table, *columns in (
        ("head", "instant", "settings_changed", "list_changed"),
        ("selection", "changed"),
        ("archive_page", "changed"),
        ("notice", "announced", "updated"),
    ):
        values = ", ".join(f"{column} = {column} - 86400" for column in columns)
        portal.sql(f"UPDATE {table} SET {values}")  # noqa: S608 - constants
    return portal


def moved(base: str) -> Answers:
    """Return the answers of an old host that redirects to the service."""

    def answers(path: str, _headers: Mapping[str, str]) -> Reply:
        return PICTURE if path.endswith(".png") else (301, {"Location": f"{base}{path}"}, b"")

    return answers


@pytest.mark.slow
def test_a_sound_service_has_no_faults(portal: Portal, old_host: Host) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = "1"
    filled(portal, portal.address, old_host.address)
    old_host.answers = moved(portal.address)
    with portal.served():
        ran = portal.feeds("check", "--public")
    assert (ran.out, ran.code, ran.err) == (
        f"No faults: {looked_at_store(portal)}, 6 documents, the public address.\n", 0, ""
    )  # fmt: skip


def without(*names: str) -> Callable[[Answers], Answers]:
    """Return what removes header fields from answers."""
    lower = {name.lower() for name in names}

    def spoil(service: Answers) -> Answers:
        def answers(path: str, headers: Mapping[str, str]) -> Reply:
            status, found, body = service(path, headers)
            return status, {k: v for k, v in found.items() if k.lower() not in lower}, body

        return answers

    return spoil


def unasked(name: str) -> Callable[[Answers], Answers]:
    """Return what removes a header field from requests."""

    def spoil(service: Answers) -> Answers:
        return lambda path, headers: service(
            path, {k: v for k, v in headers.items() if k.lower() != name.lower()}
        )

    return spoil


def instead(reply: Reply, begin: str = "/releases.") -> Callable[[Answers], Answers]:
    """Return what answers differently at paths that begin so."""
    return lambda service: (
        lambda path, headers: reply if path.startswith(begin) else service(path, headers)
    )


def changed(change: Callable[[bytes], bytes], **headers: str) -> Callable[[Answers], Answers]:
    """Return what changes the bodies of answers, and sets headers."""

    def spoil(service: Answers) -> Answers:
        def answers(path: str, asked: Mapping[str, str]) -> Reply:
            status, found, body = service(path, asked)
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            return status, found | names, change(body)

        return answers

    return spoil


def flipped(body: bytes) -> bytes:
    """Damage what is compressed by gzip."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    return body[:-20] + bytes(byte ^ 0x55 for byte in body[-20:])


def uncompressed(service: Answers) -> Answers:
    """Unpack what is compressed, but leave the header field that names the coding."""
    plain = unasked("Accept-Encoding")(service)
    return lambda path, headers: (*service(path, headers)[:2], plain(path, headers)[2])


HTML = {"Content-Type": "text/html"}
CHALLENGE = b"<!DOCTYPE html><title>Just a moment</title>"
SPOILED = [
    (instead((403, HTML, CHALLENGE)), "releases.atom is answered 403 with a web page in place of"),
    (instead((200, {}, CHALLENGE)), "releases.rss is answered 200 with a web page in place of the"),
    (instead((500, {}, b"")), "releases.json is answered 500: look at the service and the proxy."),
    (instead((301, {"Location": "https://www.x.example/"}, b"")),
     "releases.atom redirects to https://www.x.example/: set FEEDS_BASE_URL to the address"),
    (instead((0, {}, b"")), "releases.atom gives no answer: Remote end closed connection without"),
    (without("ETag"), "releases.atom has no ETag, so readers download it each time: let the"),
    (without("Last-Modified"), "releases.atom has no Last-Modified, so readers download it"),
    (unasked("If-None-Match"), "releases.atom is answered 200 instead of 304 for If-None-Match"),
    (unasked("If-Modified-Since"), "is answered 200 instead of 304 for If-Modified-Since"),
    (unasked("Accept-Encoding"), "releases.json is not sent in the content coding br: let the"),
    (changed(flipped), "releases.rss is damaged in the content coding gzip: let the proxy not"),
    (without("Access-Control-Allow-Origin"), "has no Access-Control-Allow-Origin: *, so readers"),
    (without("Vary"), "releases.rss has no Vary: Accept-Encoding, so a cache may mix the codings"),
    (changed(bytes, Content_Type="text/plain"), "releases.atom has the media type text/plain, not"),
    (uncompressed, "releases.atom is damaged in the content coding gzip: let the proxy not"),
    (changed(lambda body: body.replace(b"</title>", b"</titel>")),
     "releases.rss: it is not well-formed XML: "),
    (changed(lambda body: body.replace(b"/releases.atom", b"/old.atom")),
     "/old.atom: start the service with the FEEDS_BASE_URL of this command."),
    (changed(lambda body: body.replace(b":suspension/", b":suspended/")),
     "releases.json does not begin with the notice of the suspension: purge the cache, and"),
    (instead(GONE, "/categories/sports.atom"),
     "/categories/sports.atom is answered 404 instead of 301 to "),
    (instead((301, {"Location": "/"}, b""), "/rss.php"),
     "/rss.php?cat=1 is answered 301 to / instead of 301 to "),
    (instead((0, {}, b""), "/rss.php"), "/rss.php?cat=1 gives no answer: Remote end closed"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("spoil", "fault"), SPOILED)
def test_what_spoils_the_answers_is_found(
    portal: Portal, host: Host, spoil: Callable[[Answers], Answers], fault: str
) -> None:
    filled(portal, host.address, "http://127.0.0.1:1")
    portal.sql("DELETE FROM permalink")
    portal.sql("UPDATE release SET body = ''")
    host.answers = spoil(host.serve(portal))
    ran = portal.feeds("check", "--sample", "0", "--public")
    assert (ran.code, ran.err) == (1, "")
    assert fault in ran.out


OLD = [
    (lambda _path, _headers: GONE, [
        "The old address {old}/ž?id=1 leads to {old}/ž?id=1 (404) instead of {new}/releases/",
        "The picture {old}/1.png is answered 404 with text/plain: put the picture back there"]),
    (lambda path, _headers: (301, {"Location": "/"}, b"") if path != "/" else (200, HTML, b""), [
        "The picture {old}/1.png is answered 200 with text/html: put the picture back there"]),
    (lambda _path, _headers: (302, {"Location": "/again"}, b""), [
        "The old address {old}/ž?id=2 gives no answer: it redirects more than 5 times. Let its",
        "The picture {old}/2.png gives no answer: it redirects more than 5 times. If it stays"]),
    (lambda _path, _headers: (302, {"Location": "file:///etc/passwd"}, b""), [
        "The picture {old}/2.png gives no answer: it is not an address of the web."]),
    (lambda _path, _headers: PICTURE, []),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "faults"), OLD)
def test_old_addresses_and_pictures_are_asked_for(
    portal: Portal, host: Host, answers: Answers, faults: list[str]
) -> None:
    # The old portal may still be there, on another host than the service.
    old = host.address.replace("127.0.0.1", "localhost")
    filled(portal, host.address, old)
    service = host.serve(portal)
    host.answers = lambda path, headers: (
        answers(path, headers)
        if path == "/again" or path.startswith("/%C5%BE?") or path.endswith(".png")
        else service(path, headers)
    )
    ran = portal.feeds("check", "--sample", "0", "--public")
    for fault in faults:
        assert fault.format(old=old, new=host.address) in ran.out
    assert (ran.code, ran.err) == (bool(faults), "")


def test_pictures_of_archive_pages_are_asked_for(
    another: Callable[..., Portal], host: Host, old_host: Host
) -> None:
    portal = filled(another(FEEDS_ENTRIES="2"), host.address, old_host.address)
    host.serve(portal)
    sound = moved(host.address)
    # Its release, the oldest of three, is no longer in the subscription document.
    old_host.answers = lambda path, headers: GONE if path == "/1.png" else sound(path, headers)
    (line,) = portal.feeds("check", "--public").out.splitlines()
    assert line.startswith(f"The picture {old_host.address}/1.png is answered 404 with ")


def test_an_instant_that_the_service_leaves_out_is_not_missed(portal: Portal, host: Host) -> None:
    filled(portal, host.address, "http://127.0.0.1:1")
    portal.sql("DELETE FROM permalink")
    portal.sql("UPDATE release SET body = ''")
    portal.environ["FEEDS_TITLE"] = "Cits"
    host.serve(portal)
    ran = portal.feeds("check", "--sample", "0", "--public")
    assert "Settings or formats have changed since the last" in ran.out
    assert "Last-Modified" not in ran.out


def test_an_answer_without_end_is_given_up(
    portal: Portal, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_TOTAL_SECONDS", 0)
    portal.environ["FEEDS_BASE_URL"] = host.address
    portal.feeds("migrate")
    host.serve(portal)
    (line,) = portal.feeds("check", "--public").out.splitlines()
    assert "/releases.atom gives no answer: it did not end within 0 seconds. Look at" in line


def test_nobody_at_the_address_is_one_fault(portal: Portal) -> None:
    portal.imported(page())
    portal.environ["FEEDS_BASE_URL"] = portal.address
    portal.feeds("migrate")
    ran = portal.feeds("check", "--public")
    assert (ran.code, ran.err) == (1, "")
    (line,) = ran.out.splitlines()
    assert line.startswith(f"{portal.address}/releases.atom gives no answer: ")
    assert line.endswith("Connection refused. Look at the service, the proxy and the DNS.")


def test_a_certificate_must_be_valid_for_two_weeks(portal: Portal, tmp_path: Path) -> None:
    certify(tmp_path)
    with Host(tmp_path).running() as secure:
        portal.environ["FEEDS_BASE_URL"] = secure.address
        portal.feeds("migrate")
        secure.serve(portal)
        untrusted = portal.feeds("check", "--public")
        assert (untrusted.code, untrusted.err) == (1, "")
        assert "gives no answer: its certificate is not valid: self-signed" in untrusted.out
        portal.environ["SSL_CERT_FILE"] = str(tmp_path / "fullchain.pem")
        (line,) = portal.feeds("check", "--public").out.splitlines()
    assert line.startswith(f"The certificate of {secure.address} ends on ")
    assert line.endswith(": renew it.")


@pytest.mark.slow
def test_a_host_that_never_answers_is_given_up(portal: Portal) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # accepts nobody
    portal.environ["FEEDS_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"
    portal.feeds("migrate")
    (line,) = portal.feeds("check", "--public").out.splitlines()
    server.server_close()
    assert "gives no answer: it did not answer within 20 seconds. Look at" in line


@pytest.mark.slow
def test_a_service_behind_our_nginx_has_no_faults_but_its_certificate(
    portal: Portal, old_host: Host, tmp_path: Path
) -> None:
    portal.environ["FEEDS_REVISION_TTL"] = "1"
    with behind_nginx(portal.address, tmp_path) as site:
        base = f"https://127.0.0.1:{site.secure}"
        portal.environ["SSL_CERT_FILE"] = str(site.folder / "fullchain.pem")
        filled(portal, base, old_host.address)
        old_host.answers = moved(base)
        with portal.served():
            for _ in range(2):  # from the service, then from nginx's copies
                (line,) = portal.feeds("check", "--public").out.splitlines()
                assert line.startswith(f"The certificate of {base} ends on ")
