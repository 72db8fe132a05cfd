"""The WSGI entry point: ``gunicorn wsgi:app``."""

from feeds.app import create_app

app = create_app()
