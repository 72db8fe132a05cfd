"""Documents: which bytes are served at a URL, independent of HTTP and of commands."""
