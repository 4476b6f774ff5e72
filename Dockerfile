# Three images that share their layers; docker-compose.yml says which one a container runs, and what.
#   web      what answers requests: without torch, and without any other part of the model
#   worker   everything: workers, beat, trainer, ear, and what is run once by hand
#   backups  a worker with PostgreSQL's client programs

ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS building
# Every file is named by its digest. For a build of torch without CUDA, gigabytes smaller, make a lock of your own
# (docs/decisions/0015-lock.md) and say where it comes from: --build-arg PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU wheels>.
ARG PIP_EXTRA_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
# We are installed as a pointer at /app, for which empty rooms are enough: what we write makes no layer of libraries anew.
COPY pyproject.toml README.md LICENSE ./
COPY requirements ./requirements
RUN mkdir -p platform/openempathic contributions training \
    && touch platform/openempathic/__init__.py contributions/__init__.py training/__init__.py \
    && python -m venv --without-pip /opt/venv

FROM building AS web-libraries
RUN pip --python /opt/venv/bin/python install --require-hashes --requirement requirements/web.txt \
    && pip --python /opt/venv/bin/python install --no-deps --editable .

FROM building AS worker-libraries
RUN pip --python /opt/venv/bin/python install --require-hashes --requirement requirements/site.txt \
    && pip --python /opt/venv/bin/python install --no-deps --editable .

# The words of each language as the site reads them.
FROM worker-libraries AS words
COPY frontend ./frontend
RUN find frontend -name '*.po' -exec sh -c \
    'for po; do /opt/venv/bin/python -m babel.messages.frontend --quiet compile -i "$po" -o "${po%.po}.mo" || exit 1; done' sh {} +

# No compiler and no pip from here on. The site needs no right over its own code, only over its var folder.
FROM python:${PYTHON} AS site
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OE_VAR=/app/var HOST=0.0.0.0 PORT=8000
WORKDIR /app
RUN pip uninstall --yes pip setuptools wheel \
    && useradd --uid 10001 --no-create-home openempathic \
    && mkdir var /backups && chown openempathic:openempathic var /backups
COPY manage.py pyproject.toml ./
COPY platform ./platform
COPY contributions ./contributions
COPY training ./training
COPY --from=words /app/frontend ./frontend
USER 10001:10001
VOLUME /app/var

FROM site AS worker
COPY --from=worker-libraries /opt/venv /opt/venv
CMD ["python", "manage.py", "check"]

FROM worker AS backups
# As new as the server in docker-compose.yml, or pg_dump refuses; from PostgreSQL's own repository.
ARG POSTGRES=18
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends "postgresql-client-${POSTGRES}" \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
VOLUME /backups
CMD ["python", "manage.py", "back_up", "--schedule"]

# Last, so that it is what a build without a target makes.
FROM site AS web
COPY --from=web-libraries /opt/venv /opt/venv
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s CMD ["python", "-m", "openempathic.health_check"]
CMD ["gunicorn", "--config", "python:openempathic.web_server", "openempathic.wsgi"]
