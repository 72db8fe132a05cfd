"""gunicorn's settings, and a check of the store before the workers start.

``gunicorn wsgi:app`` (through the top-level gunicorn.conf.py), ``gunicorn -c
python:feeds.gunicorn_conf wsgi:app`` and ``feeds serve`` all use them.
"""

import gc
import os
import signal
import sys
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from feeds.app import check
from feeds.errors import FeedsError
from feeds.settings import Settings, misnamed

try:
    _settings = Settings.read(os.environ)
except FeedsError as error:
    for line in (*misnamed(os.environ), *str(error).splitlines()):
        sys.stderr.write(f"feeds: {line}\n")
    sys.exit(2)

bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
# The sync worker closes every connection; aggregators and proxies reuse theirs.
worker_class = "gthread"
timeout = 30
graceful_timeout = 30
keepalive = 75
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# No request header is trusted. By default gunicorn accepts SCRIPT_NAME and X-Forwarded-Proto from
# clients on this machine, who could then have one URL answered as another.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# By default gunicorn opens a control socket in the home folder of the user.
control_socket_disable = True
# A heartbeat file on a slow disk blocks a worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file in it
# Workers do not leak memory, so they need no regular restart.
max_requests = 0
_REQUESTS_OF_A_CONNECTION = 1000  # as many as nginx sends over one
accesslog = "-" if _settings.access_log else None
# Neither the query string nor the Referer: both may contain secrets of other sites.
# The setting log_format is another one.
if _settings.log_format == "json":
    logger_class = "feeds.json_log.Logger"
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s "%(a)s" %(M)sms'


def on_starting(server: Any) -> None:
    """Check the store in the master process; exit with a message if it cannot be served."""
    try:
        for warning in (*misnamed(os.environ), *check(_settings)):
            server.log.warning(warning)
    except FeedsError as error:
        server.log.critical("feeds: %s", error)
        sys.exit(2)
    if _settings.metrics:
        # The figures of this service begin at zero, in a folder in memory where that is possible.
        # prometheus_client looks for this variable when a worker imports it.
        folder = mkdtemp(prefix="feeds-metrics-", dir=worker_tmp_dir)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


def pre_request(worker: Any, req: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Close a connection after many requests, so that the client opens a new one.

    A worker answers all requests of the connections that it has accepted. Without this, a proxy
    whose connections happen to be all of one worker would leave the others idle for good.
    """
    if req.req_number >= _REQUESTS_OF_A_CONNECTION:
        req.force_close()


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Drop what a worker that has ended held; what it has answered still counts."""
    if _settings.metrics:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - as above

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Delete the folder of the figures."""
    if _settings.metrics:
        rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


# A worker that was just forked still has the signal handlers of the master, which drop a signal
# that arrives then: stopping a service while it started took the whole graceful_timeout. So the
# signals that end a worker are blocked from before the fork until the worker has its own handlers.
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
os.register_at_fork(after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _ENDING))


def pre_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Block the signals that the forked worker cannot handle yet."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def post_worker_init(worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Unblock the signals; exempt everything loaded so far from garbage collection."""
    gc.collect()
    gc.freeze()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
