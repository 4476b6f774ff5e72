"""The broker goes away: clips are taken in all the same, and screened when it is back."""

import pytest

from tests import servers, sites, worlds
from tests.visitors import Visitor

pytestmark = pytest.mark.faults


def test_uploads_need_no_broker_and_screening_follows_when_it_is_back(tmp_path):
    with servers.redis() as redis, sites.site(tmp_path, redis.environment | {"OE_LEASE_SECONDS": "4"}) as site:
        site.start("web", sites.COMMANDS["web"], site.is_healthy)
        site.start("worker", sites.COMMANDS["worker"])
        site.start("beat", sites.COMMANDS["beat"])
        vera = Visitor(site.url)
        vera.volunteer("vera@example.org")
        assert vera.put(worlds.ANGER.read_bytes())[0] == 201
        site.wait_for(lambda: site.rows(IN_REVIEW), "the first clip was screened")

        redis.kill()
        taken = [vera.put(sound.read_bytes())[0] for sound in sorted(worlds.SOUNDS.glob("*.wav"))]
        assert taken == [201] * 9
        assert len(site.rows(IN_REVIEW)) == 1

        redis.start()
        site.wait_for(lambda: all_are_screened(site), "all clips were screened")
        assert site.rows("SELECT count(*), count(DISTINCT clip_id) FROM contributions_examination") == [(10, 10)]


def all_are_screened(site):
    # Celery's Redis transport may end its worker over an acknowledgement that the outage swallowed: start it.
    site.keep_running("worker")
    return len(site.rows(IN_REVIEW)) == 10


IN_REVIEW = "SELECT id FROM contributions_clip WHERE status = 'IN_REVIEW'"
