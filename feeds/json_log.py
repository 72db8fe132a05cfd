"""The service's log and its access log as JSON, one object a line.

The names of the fields are those of OpenTelemetry: of its log data model, and of its semantic
conventions for HTTP, exceptions and processes.
"""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from gunicorn import glogging


class Logger(glogging.Logger):
    """gunicorn's logger, whose handlers, and that of the root logger, write JSON."""

    def setup(self, cfg: Any) -> None:
        """Set up the loggers of gunicorn and of everything else in this process."""
        super().setup(cfg)
        others = logging.StreamHandler()
        logging.basicConfig(handlers=[others])
        for handler in (*self.error_log.handlers, *self.access_log.handlers, others):
            handler.setFormatter(_Formatter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> None:
        """Log a request and its response."""
        if not self.access_log_enabled:
            return
        status = int(resp.status.split()[0])
        # The path without its query, and no Referer: see gunicorn_conf.py.
        attributes = {
            "client.address": environ["REMOTE_ADDR"],
            "http.request.method": req.method,
            "url.path": req.path,
            "network.protocol.version": ".".join(map(str, req.version)),
            "http.response.status_code": status,
            "http.response.body.size": resp.sent,
            "user_agent.original": environ.get("HTTP_USER_AGENT", ""),
            "http.server.request.duration": request_time.total_seconds(),
        }
        self.access_log.info(
            "%s %s %d", req.method, req.path, status, extra={"attributes": attributes}
        )


class _Formatter(logging.Formatter):
    """Formats a record, with its ``attributes`` if it has any."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity_text": record.levelname,
            "body": record.getMessage(),
            "process.pid": record.process,
            **getattr(record, "attributes", {}),
        }
        if record.exc_info and (error := record.exc_info[1]):
            name = f"{type(error).__module__}.{type(error).__qualname__}"
            fields["exception.type"] = name.removeprefix("builtins.")
            fields["exception.message"] = str(error)
            fields["exception.stacktrace"] = self.formatException(record.exc_info)
        return json.dumps(fields)
