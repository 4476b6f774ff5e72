"""The people of the tests, the catalogue that every site has, and a storage folder of each test's own."""

import pytest
from django.core.cache import cache

from openempathic.accounts.models import Role
from tests import worlds


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The tests' database, with prompts and consent texts in it: loading them takes longer than most tests."""
    with django_db_blocker.unblock():
        worlds.stocked()


@pytest.fixture(autouse=True)
def _stocked_again(request):
    """A test that commits leaves an empty database behind: whoever comes next finds the catalogue all the same."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        worlds.stocked()


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
