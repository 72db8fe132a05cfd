"""Serving."""

import os
import sys

import click


@click.command()
def serve() -> None:
    """Serve the feeds with gunicorn."""
    from feeds.settings import Settings

    Settings.read(os.environ)
    arguments = ["-c", "python:feeds.gunicorn_conf", "feeds.app:create_app()"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606 - no shell is needed
