from feeds.gunicorn_conf import *  # noqa: F403, D100 - gunicorn looks here for its settings
