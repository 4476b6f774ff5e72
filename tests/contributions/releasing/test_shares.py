"""Nobody gives more than their share of what people gave, whoever floods whatever; exact, and cut no more than that."""

import logging

import pytest

from contributions.releasing.draft import Draft
from tests.contributions.releasing.populations import check_fair, plant

log = logging.getLogger(__name__)


@pytest.fixture
def draft(tmp_path):
    with Draft(tmp_path / "draft") as draft:
        yield draft


def floods(draft, populations):
    """The flooder's part of their language in each of so many populations."""
    parts = []
    for seed in range(populations):
        plant(draft, seed=seed)
        parts.append(check_fair(draft))
    return parts


def test_who_floods_a_language_stays_under_the_cap(draft):
    parts = floods(draft, 200)

    # The cap is of the whole release. Of one language with few other voices the flooder may still be the most.
    assert max(parts) == 1
    assert len(parts) == 200


@pytest.mark.soak
def test_who_floods_a_language_stays_under_the_cap_in_ten_thousand_populations(draft):
    parts = sorted(floods(draft, 10_000))

    log.warning("The flooder's part of the language: %s", [f"{float(parts[n * 100]):.3f}" for n in (10, 50, 90, 99)])
    assert len(parts) == 10_000
