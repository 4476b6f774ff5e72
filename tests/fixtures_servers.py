"""Session fixtures of the real servers; each starts when the first test asks for it."""

from uuid import uuid4

import pytest

from tests import servers


@pytest.fixture(scope="session")
def redis_server():
    """A Redis: `.url`, and `.environment` for child processes (BROKER_URL)."""
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL: `.url`, `.environment` (DATABASE_URL); `servers.new_database(server)` gives one more, empty."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server():
    """A SeaweedFS: `.url` is a STORAGE_URL, `.environment` also holds its keys."""
    with servers.seaweedfs() as server:
        yield server


@pytest.fixture
def s3_storage(s3_server, settings, monkeypatch):
    """This test's storage is an empty corner of the bucket; its STORAGE_URL."""
    settings.STORAGE_URL = s3_server.url.replace("?", f"/{uuid4().hex}?")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", servers.S3_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", servers.S3_SECRET)
    return settings.STORAGE_URL


@pytest.fixture
def folder_storage(tmp_path, settings):
    """This test's storage is an empty local folder; its STORAGE_URL."""
    settings.STORAGE_URL = (tmp_path / "storage").as_uri()
    return settings.STORAGE_URL
