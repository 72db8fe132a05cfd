"""The HTTP service as one Flask application. It cannot change the store."""
