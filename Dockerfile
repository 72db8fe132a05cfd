# release-feeds in a container. Its root file system may be read-only; what changes is the volume.
#
#   docker build --tag release-feeds .
#   docker run --rm --env-file feeds.env --volume feeds:/var/lib/release-feeds release-feeds migrate
#   docker run --read-only --env-file feeds.env --volume feeds:/var/lib/release-feeds --publish 127.0.0.1:8000:8000 \
#     --stop-timeout 40 release-feeds
#
# Every command of `feeds` is run like `migrate`, which each version needs once, before it serves.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# What the lock file names, by its hashes (for either engine), and first: it changes seldom and is then taken from the layer before.
COPY requirements-postgresql.lock ./
RUN python -m venv --without-pip /opt/release-feeds \
    && python -m pip --python /opt/release-feeds install --require-hashes -r requirements-postgresql.lock
COPY pyproject.toml README.md LICENSE ./
COPY feeds ./feeds
RUN python -m pip --python /opt/release-feeds install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/release-feeds /opt/release-feeds
# A new volume takes owner and mode from this folder. The number is no user of the image and needs to be none.
RUN install -d -o 10001 -g 10001 -m 0750 /var/lib/release-feeds
ENV PATH=/opt/release-feeds/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FEEDS_DATABASE_URL=sqlite:////var/lib/release-feeds/feeds.db \
    FEEDS_BIND=0.0.0.0:8000
USER 10001:10001
# SQLite puts what it cannot hold in memory into the working folder where no other can be written.
WORKDIR /var/lib/release-feeds
VOLUME /var/lib/release-feeds
EXPOSE 8000
# The process lives. A store that is away is not mended by another container, and this one still has its cache.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
# `feeds serve` becomes gunicorn, process 1. At SIGTERM it lets requests end, for 30 seconds at most: longer than
# Docker's 10, hence --stop-timeout.
STOPSIGNAL SIGTERM
ENTRYPOINT ["feeds"]
CMD ["serve"]
