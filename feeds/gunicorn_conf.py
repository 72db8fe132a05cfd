"""gunicorn's settings, and the check of the store in the master before workers start.

The same in ``gunicorn wsgi:app`` (through the top-level gunicorn.conf.py), in ``gunicorn -c
python:feeds.gunicorn_conf wsgi:app`` and in ``feeds serve``.
"""

import gc
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from feeds.app import check
from feeds.errors import FeedsError
from feeds.settings import Settings, misnamed

try:
    _settings = Settings.read(os.environ)
except FeedsError as error:
    sys.stderr.write(f"feeds: {error}\n")
    sys.exit(2)

bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
# The sync worker closes every connection; aggregators and proxies keep theirs.
worker_class = "gthread"
timeout = 30
graceful_timeout = 30
keepalive = 75
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# No header of a request is believed. By default gunicorn takes SCRIPT_NAME and X-Forwarded-Proto
# from whoever asks on this machine, and with these a client could have one address answered as
# another.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# The default is a socket in the home folder of whoever starts the service.
control_socket_disable = True
# A heartbeat file on a slow disk blocks a worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file in it
# Nothing here leaks that a restart would have to free.
max_requests = 0
accesslog = "-" if _settings.access_log else None
# The path without its query string, and no Referer: either may carry another site's secrets.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s "%(a)s" %(M)sms'


def on_starting(server: Any) -> None:
    """Check the store once, in the master; end with a sentence where it cannot be served."""
    try:
        for warning in (*misnamed(os.environ), *check(_settings)):
            server.log.warning(warning)
    except FeedsError as error:
        server.log.critical("feeds: %s", error)
        sys.exit(2)


# A worker that has just been forked still has the master's handlers, and a signal that it gets
# then is lost: to stop a service that is only starting took the whole of graceful_timeout. So the
# signals that end a worker are held back, in the master for as long as the fork takes, until it
# can take them.
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
os.register_at_fork(after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _ENDING))


def pre_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Hold back the signals that the worker about to be forked could not take yet."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def post_worker_init(worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Let signals in; leave what was loaded at start out of every later search for garbage."""
    gc.collect()
    gc.freeze()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
