"""The file for Docker Compose, without a container engine.

Its form is that of the schema of the Compose specification. Its commands, and those of its health
checks, are run by the real programs, in a folder instead of ``/``.
"""

import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy.engine import make_url

from tests.databases import postgresql
from tests.deploy.site import ROOT, Site, certify, free_ports, listens
from tests.deploy.test_container import instructions
from tests.deploy.test_systemd import FEEDS, example
from tests.store.test_postgresql_versions import DEBIAN

pytestmark = pytest.mark.slow

FILE = ROOT / "deploy" / "compose.yaml"
OLD_HOST = """
server {{
    listen 127.0.0.1:{port};
    server_name www.prcentrs.example;
    location / {{ proxy_pass http://feeds_gunicorn; proxy_set_header Host $server_name; }}
}}
"""
PLACES = (
    "/etc/nginx",
    "/etc/letsencrypt",
    "/etc/release-feeds",
    "/run/nginx.pid",
    "/run/release-feeds",
    "/run/secrets",
    "/var/cache",
    "/var/lib/release-feeds",
)


def test_the_file_is_valid_by_the_schema_of_the_specification() -> None:
    check = Path(sys.executable).with_name("check-jsonschema")
    ran = subprocess.run(
        [check, "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_every_container_is_confined() -> None:
    services = YAML(typ="safe").load(FILE)["services"]
    assert sorted(services) == ["feeds", "migrate", "nginx", "postgresql"]
    for name, service in services.items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert ("ports" in service) == (name == "nginx")
        assert "healthcheck" in service
    image = [written for name, written in instructions() if name == "RUN"]
    for folder in ("/var/lib/release-feeds", "/run/release-feeds"):
        assert any("install -d -o 10001 -g 10001" in run and folder in run for run in image)


@dataclass
class Compose:
    """The containers of the file, below a folder; ports are replaced by free ones."""

    root: Path
    plain: int
    secure: int
    inner: int

    def local(self, text: str) -> str:
        """Interpolate as Compose does, and replace paths by those of this machine."""
        text = re.sub(r"\$\{FEEDS_HOST:\?[^}]*\}", "feeds.example.org", text).replace("$$", "$")
        for place in PLACES:
            text = text.replace(place, f"{self.root}{place}")
        return text

    def service(self, name: str) -> dict[str, Any]:
        """Return a service as the file describes it."""
        found: dict[str, Any] = YAML(typ="safe").load(self.local(FILE.read_text()))["services"][
            name
        ]
        return found

    def start(self, name: str, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command of a service with its environment and no more capabilities."""
        service = self.service(name)
        environ = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        environ |= {"PATH": f"{Path(FEEDS).parent}:{os.environ['PATH']}:/usr/sbin", "HOME": "/"}
        if "env_file" in service:
            environ |= example()
        environ |= service.get("environment", {})
        added = "".join(f",+{capability.lower()}" for capability in service.get("cap_add", []))
        confined = ["setpriv", "--no-new-privs", f"--bounding-set=-all{added}", "--inh-caps=-all"]
        with log.open("ab") as output:
            return subprocess.Popen(
                [*(confined if os.geteuid() == 0 else []), *command],
                cwd=self.root / "var/lib/release-feeds",
                env=environ,
                stdout=output,
                stderr=output,
            )

    def run(self, name: str, command: list[str]) -> int:
        log = self.root / f"{name}.log"
        return self.start(name, command, log).wait(120)

    def is_healthy(self, name: str) -> bool:
        """Run the health check of a service."""
        kind, *command = self.service(name)["healthcheck"]["test"]
        assert kind == "CMD"
        written = [part.replace("127.0.0.1/", f"127.0.0.1:{self.plain}/") for part in command]
        # The image has this name for the interpreter of the service.
        return self.run(name, [sys.executable if p == "python" else p for p in written]) == 0

    @contextmanager
    def up(self, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a service for a block, until its health check succeeds."""
        process = self.start(name, command, self.root / f"{name}.log")
        try:
            deadline = time.monotonic() + 120
            while not self.is_healthy(name):
                assert process.poll() is None, (self.root / f"{name}.log").read_text()
                assert time.monotonic() < deadline, (self.root / f"{name}.log").read_text()
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(120)

    def nginx(self) -> list[str]:
        """Return the command of nginx, and write the files that the engine would mount."""
        folder = self.root / "etc/nginx"
        shutil.copy("/etc/nginx/mime.types", folder)
        configs = YAML(typ="safe").load(FILE)["configs"]
        main = self.local((FILE.parent / configs["nginx"]["file"]).read_text())
        main = main.replace("user nginx;", "user root;")
        main = main.replace("http {", f"http {{ client_body_temp_path {self.root}/body; ")
        (folder / "nginx.conf").write_text(main)
        text = (FILE.parent / configs["site"]["file"]).read_text()
        for written, used in {
            "/etc/letsencrypt": f"{self.root}/etc/letsencrypt",
            "/var/cache/": f"{self.root}/var/cache/",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen [::]:80;": "",
            "listen 443 ": f"listen 127.0.0.1:{self.secure} ",
            "listen [::]:443 ssl http2;": "",
            "127.0.0.1:8001": f"127.0.0.1:{self.inner}",
        }.items():
            text = text.replace(written, used)
        (self.root / "etc/release-feeds/nginx.conf").write_text(text)
        service = self.service("nginx")
        (script,) = service["command"]
        start = f"nginx -p {self.root} -c {folder}/nginx.conf -g"
        return [*service["entrypoint"], script.replace("nginx -g", start)]


@pytest.fixture
def compose() -> Iterator[Compose]:
    # The path of a socket has at most 107 bytes: those of tests' own folders are longer.
    with tempfile.TemporaryDirectory(prefix="compose-") as folder:
        yield _prepared(Path(folder))


def _prepared(root: Path) -> Compose:
    for folder in (
        *("etc/nginx/conf.d", "etc/letsencrypt/live/feeds.example.org", "etc/release-feeds"),
        *("run/release-feeds", "run/secrets", "var/cache", "var/lib/release-feeds"),
    ):
        (root / folder).mkdir(parents=True)
    return Compose(root, *free_ports(3))


def test_the_containers_serve_the_portal(compose: Compose) -> None:
    for program in ("nginx", "curl", "openssl"):
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
            pytest.skip(f"needs {program}, which is missing: apt-get install {program}")
    store = compose.root / "var/lib/release-feeds/feeds.db"
    (compose.root / "run/secrets/database-url").write_text(f"sqlite:///{store}\n")
    certify(compose.root / "etc/letsencrypt/live/feeds.example.org")
    (migrate,) = compose.service("migrate")["command"]
    assert compose.run("migrate", [FEEDS, migrate]) == 0
    assert store.exists()
    sites = compose.root / "etc/release-feeds/sites"
    sites.mkdir()
    (sites / "old.conf").write_text(OLD_HOST.format(port=compose.plain))
    with ExitStack() as stack:
        up = stack.enter_context(ExitStack())
        service = up.enter_context(compose.up("feeds", [FEEDS, "serve"]))
        stack.enter_context(compose.up("nginx", compose.nginx()))
        assert listens(compose.secure)
        tls = ssl.create_default_context(
            cafile=compose.root / "etc/letsencrypt/live/feeds.example.org/fullchain.pem"
        )
        site = Site(compose.root, compose.plain, compose.secure, tls)
        stack.callback(site.close)
        first = site.ask("/releases.atom")
        assert first.status == 200
        assert first.headers["content-type"].startswith("application/atom+xml")
        old = stack.enter_context(closing(HTTPConnection("127.0.0.1", compose.plain, timeout=60)))
        old.request("GET", "/releases.atom", headers={"Host": "www.prcentrs.example"})
        assert old.getresponse().read() == first.body
        up.close()
        assert service.returncode == 0
        assert not compose.is_healthy("feeds")
        # The cache of nginx outlives the service.
        assert site.ask("/releases.atom").body == first.body
        assert compose.is_healthy("nginx")
    # nginx writes its log at the latest when it ends.
    assert '"GET /releases.atom HTTP/1.1" 200' in (compose.root / "nginx.log").read_text()


def test_postgresql_is_found_to_accept_connections(compose: Compose) -> None:
    """The health check of the server, and the migration with the address in the secret."""
    programs = sorted(DEBIAN.glob("*/bin"))
    if not programs:
        pytest.skip("needs Debian's PostgreSQL, which is missing: apt-get install postgresql")
    kind, program, *options = compose.service("postgresql")["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "pg_isready")
    with postgresql() as server:
        data = str(make_url(server.address).query["host"])
        Path(data).chmod(0o711)  # without capabilities root can enter no folder of another user
        command = [programs[0] / program, *options, f"--host={data}"]
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
        server.run("CREATE ROLE feeds LOGIN", "CREATE DATABASE feeds OWNER feeds")
        secret = compose.root / "run/secrets/database-url"
        secret.write_text(f"postgresql+psycopg://feeds@/feeds?host={data}\n")
        code = compose.run("migrate", [FEEDS, "migrate"])
        assert code == 0, (compose.root / "migrate.log").read_text()
        assert "Created the store postgresql" in (compose.root / "migrate.log").read_text()
        command[-1] = f"--host={compose.root}"
        assert subprocess.run(command, check=False, capture_output=True).returncode == 2
