"""The row of the proxy: a poll answered from nginx's cache, against a file served by nginx.

Both are sites of one nginx. Neither uses TLS, whose equal cost on both sides would hide the
difference, and neither writes a log.
"""

import gzip
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.commands import OURS
from bench.measure import Bench, Result, SkippedError, Target
from bench.polls import FEW, GZIP, PATH, check, compared, environment, loads
from bench.servers import Answer, Server, free_port, gunicorn, program, running

CONFIG: Final = OURS.folder / "deploy" / "nginx.conf"

_MAIN = """\
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    include {folder}/site.conf;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/static;
        server_tokens off;
        sendfile on;
        open_file_cache max=10000 inactive=60s;
        gzip_static on;
        types {{ application/atom+xml atom; }}
        {headers}
    }}
}}
"""

# The headers that nginx itself sends with a file.
_OWN = {
    "server", "date", "connection", "content-type", "content-length", "content-encoding", "etag",
    "last-modified", "accept-ranges",
}  # fmt: skip


def nginx(bench: Bench) -> list[Result]:
    """Compare a poll through deploy/nginx.conf with a static file of the same bytes."""
    with (
        gunicorn("wsgi:app", environment(bench.store(FEW))) as service,
        tempfile.TemporaryDirectory() as folder,
        sites(service, Path(folder)) as (site, static),
    ):
        for server in (site, static):
            check(server)
        if site.ask(PATH, GZIP).body != static.ask(PATH, GZIP).body:
            raise RuntimeError("the file has other bytes than the feed")
        ours, rival = loads(bench, [(site, GZIP), (static, GZIP)])
    sides = ("deploy/nginx.conf", ours), ("static file", rival)
    return [compared("nginx", "poll through nginx, gzip", *sides, Target(0.9, at_least=True))]


@contextmanager
def sites(service: Server, folder: Path, config: Path = CONFIG) -> Iterator[tuple[Server, Server]]:
    """Run one nginx with two sites: a proxy of the service, and a file with the same bytes."""
    answer = service.ask(PATH, GZIP)
    file = folder / "static" / PATH.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.decompress(answer.body))
    file.with_name(f"{file.name}.gz").write_bytes(answer.body)
    port, static, inner, plain = (free_port() for _ in range(4))
    _write_site(
        config,
        folder,
        {
            "127.0.0.1:8000": f"127.0.0.1:{service.port}",
            "127.0.0.1:8001": f"127.0.0.1:{inner}",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{port};",
            "listen [::]:443 ssl http2;": "",
            "ssl_certificate ": "# ",
            "ssl_certificate_key ": "# ",
            "/var/cache/nginx-feeds": f"{folder}/cache",
            "access_log /var/log/nginx/": "access_log off; # ",
            # The limit stays, with its cost, but is too high for wrk to reach.
            "rate=20r/s": "rate=1000000r/s",
        },
    )
    main = folder / "nginx.conf"
    # Started by root, nginx would read the files as a user who may not open the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(
        _MAIN.format(user=user, folder=folder, port=static, headers=_headers(answer)),
        encoding="utf-8",
    )
    command = [program("nginx", "nginx"), "-p", str(folder), "-c", str(main)]
    with running(command, {}, port) as server:
        yield server, Server(static, server.pid)


def _write_site(config: Path, folder: Path, replacements: Mapping[str, str]) -> None:
    """Write the configuration with the ports and folders of this run."""
    text = config.read_text(encoding="utf-8")
    for old, new in replacements.items():
        if old not in text:
            raise SkippedError(
                f"{config} does not contain “{old}”: change the replacements in bench/nginx.py."
            )
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text, encoding="utf-8")


def _headers(answer: Answer) -> str:
    """Return the directives that make nginx send the headers of an answer with a file."""
    return "\n        ".join(
        f"add_header {name} '{value}';"
        for name, value in answer.headers
        if name.lower() not in _OWN
    )
