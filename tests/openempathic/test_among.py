"""Rows by a long list of numbers, asked with one value; on PostgreSQL once more in test_postgres.py."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributions.models import Contributor, CurrentConsent
from openempathic import among

pytestmark = pytest.mark.django_db


def test_only_the_rows_of_these_numbers_come():
    people = [Contributor.objects.create(language="en") for _ in range(3)]
    wanted = [people[0].pk, people[2].pk, uuid4()]

    assert among.Among.lookup_name == "among"
    assert set(Contributor.objects.filter(pk__among=wanted)) == {people[0], people[2]}
    assert people[1] in Contributor.objects.exclude(pk__among=wanted)
    assert not Contributor.objects.filter(pk__among=[]).exists()


def test_a_thousand_numbers_are_one_value_and_a_key_elsewhere_needs_no_join():
    asked = CurrentConsent.objects.filter(contributor__pk__among=[uuid4() for _ in range(1000)])

    with CaptureQueriesContext(connection) as questions:
        assert not asked.exists()
    (question,) = questions
    sql, values = asked.query.sql_with_params()

    assert len(values) == 1
    assert "JOIN" not in question["sql"]
    assert sql.count("%s") == 1
