"""The people of the tests, and a storage folder of each test's own."""

import pytest
from django.core.cache import cache

from openempathic.accounts.models import Role
from tests import worlds


@pytest.fixture(autouse=True)
def _own_storage(tmp_path, settings):
    """No test sees another's sound."""
    settings.STORAGE_URL = (tmp_path / "storage").as_uri()


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """No test sees what another's pages remembered."""
    cache.clear()


@pytest.fixture
def _stocked(db):
    worlds.stocked()


@pytest.fixture
def vera(_stocked):
    return worlds.volunteer("vera")


@pytest.fixture
def otto(_stocked):
    return worlds.volunteer("otto")


@pytest.fixture
def milo(_stocked):
    return worlds.person("milo", Role.MODERATOR)


@pytest.fixture
def cleo(_stocked):
    return worlds.person("cleo", Role.CURATOR)
