# release-feeds in a container. The root file system may be read-only; all changes are made on the volume.
#
#   cp deploy/feeds.env deploy/settings.env   # then write your settings into the copy
#   docker build --tag release-feeds .
#   docker run --rm --env-file deploy/settings.env --volume feeds:/var/lib/release-feeds release-feeds migrate
#   docker run --read-only --env-file deploy/settings.env --volume feeds:/var/lib/release-feeds --publish 127.0.0.1:8000:8000 \
#     --stop-timeout 40 release-feeds
#
# Publish the port on 127.0.0.1 only: gunicorn must never face clients, since a few connections that send half a request
# occupy all of its threads. A proxy on this machine, such as nginx, passes on only complete requests.
#
# Every command of `feeds` is run like `migrate`. Each version needs `migrate` once, before it serves.
# docs/operating.md describes the operation, docs/settings.md the settings.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The packages of the lock file (for both engines) come first: they change seldom, so the layer is reused.
COPY requirements-postgresql.lock ./
RUN python -m venv --without-pip /opt/release-feeds \
    && python -m pip --python /opt/release-feeds install --require-hashes -r requirements-postgresql.lock
COPY pyproject.toml README.md LICENSE ./
COPY feeds ./feeds
RUN python -m pip --python /opt/release-feeds install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/release-feeds /opt/release-feeds
# A new volume takes owner and mode from these folders: the store, and the socket of deploy/compose.yaml. The user id need
# not exist in the image.
RUN install -d -o 10001 -g 10001 -m 0750 /var/lib/release-feeds \
    && install -d -o 10001 -g 10001 -m 0755 /run/release-feeds
ENV PATH=/opt/release-feeds/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FEEDS_DATABASE_URL=sqlite:////var/lib/release-feeds/feeds.db \
    FEEDS_BIND=0.0.0.0:8000
USER 10001:10001
# SQLite writes temporary files to the working directory if no other folder is writable.
WORKDIR /var/lib/release-feeds
VOLUME /var/lib/release-feeds
EXPOSE 8000
# This checks that the process is alive. If the store is unavailable, a new container would not help, and this one has a cache.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
# `feeds serve` becomes gunicorn, process 1. After SIGTERM it gives requests up to 30 seconds to finish, longer than
# Docker's 10, hence --stop-timeout.
STOPSIGNAL SIGTERM
ENTRYPOINT ["feeds"]
CMD ["serve"]
