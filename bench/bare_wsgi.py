"""A rival: the least that a WSGI application can do, which is to return a finished answer.

``BENCH_ANSWER`` is the JSON file of an answer that the service gave before.
"""

import json
import os
from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_answer = json.loads(Path(os.environ["BENCH_ANSWER"]).read_text(encoding="utf-8"))
_status: str = _answer["status"]
_headers = [(name, value) for name, value in _answer["headers"]]
_chunks = [b64decode(_answer["body"])]


def app(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer any request."""
    start_response(_status, _headers)
    return _chunks
