"""201 means durable: what the kernel saw of one upload, in order."""

import os
import re
import uuid

import pytest

from tests import sites, worlds
from tests.faults import tracing
from tests.forms import first_of
from tests.visitors import Visitor

pytestmark = pytest.mark.faults
SYNCS = ("fsync", "fdatasync")
NAMES = ("link", "linkat", "rename", "renameat", "renameat2")
ANSWERS = ("send", "sendto", "sendmsg", "write")


@pytest.fixture(params=first_of(["traced", "told"] if tracing.may_trace() else ["told"]))
def acts(request, tmp_path):
    """Upload one clip to a site that is watched; its id, and what was seen."""
    log, command = tmp_path / "seen.log", sites.COMMANDS["web"]
    with sites.site(tmp_path) as site:
        if request.param == "traced":
            command = tracing.traced(command, log)
        else:
            path = site.environment.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
            site.environment |= tracing.telling(tmp_path / "telling", log, path)
        site.start("web", command, site.is_healthy)
        vera = Visitor(site.url)
        vera.volunteer("vera@example.org")
        clip_id = uuid.uuid4()
        assert vera.put(worlds.ANGER.read_bytes(), clip_id=clip_id)[0] == 201
        site.stop()
    return clip_id, tracing.acts_of(log)


def test_bytes_name_folders_and_row_are_on_the_disk_before_the_answer_leaves(acts):
    clip_id, seen = acts
    folder = rf"/clips/{clip_id}"

    named = first(seen, NAMES, rf"{folder}/original")
    written = last(seen, SYNCS, rf"{folder}/\.put-\w+", before=named.began)
    folders = [first(seen, SYNCS, rf"{under}(>|$|\))", after=named.ended) for under in (folder, "/clips", "/storage")]
    answered = first(seen, ANSWERS, r"HTTP/1\.1 201", after=named.ended)
    kept = last(seen, SYNCS, r"site\.sqlite3-wal", before=answered.began)

    assert written.ended < named.began
    assert named.ended < min(act.began for act in folders)
    assert max(act.ended for act in folders) < kept.began
    assert kept.ended < answered.began


def first(seen, whats, about, *, after=-1):
    """The first of these calls about this that began after."""
    return next(act for act in seen if act.what in whats and act.began > after and re.search(about, act.about))


def last(seen, whats, about, *, before):
    """The last of these calls about this that had ended before."""
    return [act for act in seen if act.what in whats and act.ended < before and re.search(about, act.about)][-1]
