"""HTML pages for people, their templates and static files."""
