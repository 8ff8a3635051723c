# One image for every service: which one runs is the command, the name of its module. docker-compose.yml says what is around it.
#
#   docker build --target service  -t glasshouse-service  .
#   docker build --target loadtest -t glasshouse-loadtest .
#   docker build --target workbench -t glasshouse-workbench .
#   docker build --target exchange -t glasshouse-exchange .
#   docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8003:8003 glasshouse-service database_service
#
# Layers stand in the order of how seldom they change: Python, packages, code. A changed line of code copies a few files again;
# only a changed uv.lock installs packages again, and then from the cache that BuildKit keeps.

# Of the tested versions (3.11 and later) one that every package has wheels for: there is no compiler in a slim image.
# To the last digit, so that today's build is tomorrow's; production would add the digest.
ARG PYTHON_IMAGE=python:3.13.14-slim-trixie

# The version that lab/bootstrap.py fetches.
FROM ghcr.io/astral-sh/uv:0.13.8 AS uv


# ── What all images have in common ──────────────────────────────────────────────────────────────────────────────────────
FROM ${PYTHON_IMAGE} AS runtime

# PYTHONDONTWRITEBYTECODE: the root file system is read-only, and everything is compiled below.
# PYTHONUNBUFFERED: what a process printed before it died is what one wants to read.
# …_HOST: a container's loopback is its own; who may come in is decided by what compose publishes, on the host's loopback.
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SERVICE_HOST=0.0.0.0 \
    ALERT_INBOX_HOST=0.0.0.0 \
    WORKBENCH_HOST=0.0.0.0

WORKDIR /app

# Where a container that keeps something mounts a volume: an empty volume takes over the owner of the folder it covers.
RUN install -d -o 10001 -g 10001 /var/lib/lab/alerts /var/lib/lab/targets

# A number and not a name: Kubernetes' runAsNonRoot can check it. Neither code nor packages belong to it.
USER 10001:10001

# granian and Locust finish what they began, and deliver the last spans and log lines.
STOPSIGNAL SIGTERM

LABEL org.opencontainers.image.title="Glasshouse" \
      org.opencontainers.image.description="Services of an observability teaching lab" \
      org.opencontainers.image.version="0.1.0"


# ── Packages: thrown away but for /venv ──────────────────────────────────────────────────────────────────────────────────
FROM ${PYTHON_IMAGE} AS packages

COPY --from=uv /uv /usr/local/bin/uv

# UV_LINK_MODE: hard links cannot leave the cache's mount. UV_PYTHON_DOWNLOADS: the image's own Python or none.
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/venv

WORKDIR /build

# Only the two files that say which packages, mounted rather than copied: nothing else can make this layer stale.
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --frozen --no-default-groups --no-build


FROM packages AS loadtest-packages

RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --frozen --no-default-groups --group loadtest --no-build


FROM packages AS exchange-packages

RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --frozen --no-default-groups --group exchange --no-build


FROM packages AS workbench-packages

RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --frozen --no-default-groups --group workbench --no-build


# ── Code: .dockerignore lets in nothing else ─────────────────────────────────────────────────────────────────────────────
FROM ${PYTHON_IMAGE} AS code

WORKDIR /app
COPY . .
# unchecked-hash: files never change in an image, so Python need not even look at their times.
RUN python -m compileall -q --invalidation-mode unchecked-hash . \
    # What only the workbench reads: no service knows it, so it is in no other image.
    && mkdir /workbench /exchange && cp --parents systems/*/manifest.toml systems/*/questions.yaml /workbench/ \
    && mv grafana lab workbench /workbench/ \
    # Nor is the code of a system with an image of its own.
    && mv systems /exchange/


# ── The images; the last one is what a plain `docker build .` makes ──────────────────────────────────────────────────
FROM runtime AS loadtest

COPY --from=loadtest-packages /venv /venv
COPY --from=code /app /app
# Its page and, on a worker, only its health: docker-compose.yml chooses master or worker.
ENTRYPOINT ["locust"]


FROM runtime AS workbench

COPY --from=workbench-packages /venv /venv
COPY --from=code /workbench /app
COPY --from=code /app/observability /app/observability
COPY --from=code /app/pyproject.toml /app/
ENTRYPOINT ["python", "-m", "workbench"]


FROM runtime AS exchange

COPY --from=exchange-packages /venv /venv
COPY --from=code /app /app
COPY --from=code /exchange /app
ENTRYPOINT ["python", "-m"]
CMD ["systems.exchange.client_gateway"]


FROM runtime AS service

COPY --from=packages /venv /venv
COPY --from=code /app /app
ENTRYPOINT ["python", "-m"]
CMD ["frontend_service"]
