# One image for every process of the site; docker-compose.yml says which one a container runs.
FROM python:3.11-slim-bookworm

# pip takes the build of torch that its index offers, on Linux the one for CUDA. For machines without a GPU the CPU build
# is gigabytes smaller: build with --build-arg PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU wheels>.
ARG PIP_EXTRA_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

WORKDIR /app

# What we depend on changes less often than what we write: empty rooms are enough to install it all, as a layer that stays.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir -p platform/openempathic contributions training \
    && touch platform/openempathic/__init__.py contributions/__init__.py training/__init__.py \
    && pip install --constraint constraints.txt --editable ".[site]"

COPY manage.py ./
COPY platform ./platform
COPY contributions ./contributions
COPY training ./training
COPY frontend ./frontend
RUN find frontend -name '*.po' -exec sh -c \
    'for po; do python -m babel.messages.frontend --quiet compile -i "$po" -o "${po%.po}.mo" || exit 1; done' sh {} +

# The site needs no right over its own code, only over its var folder.
RUN useradd --uid 10001 --no-create-home openempathic \
    && mkdir var && chown openempathic:openempathic var
ENV OE_VAR=/app/var HOST=0.0.0.0 PORT=8000
USER openempathic
VOLUME /app/var
EXPOSE 8000

CMD ["gunicorn", "--config", "python:openempathic.web_server", "openempathic.wsgi"]
