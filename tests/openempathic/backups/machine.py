"""What is done and seen on a machine of its own: `python -m tests.openempathic.backups.machine WORD...`.

Its environment says which machine. The last line it prints is what it saw, as JSON.
"""

import hashlib
import json
import sys
from typing import Any


def world() -> dict[str, Any]:
    """Vera's three clips, one of which she has withdrawn by now, and a corpus; her clips' ids."""
    from contributions.models import Clip, Purpose
    from contributions.models.contributor import Split
    from tests import harvest, worlds

    worlds.stocked()
    harvest.corpus(sides={"ada": Split.TRAIN}, emotions=["anger"], clips_each=1)
    emotions, purposes = ["anger", "neutral", "sadness"], (Purpose.STORE_AND_REVIEW, Purpose.RELEASE_DATASET)
    clips = harvest.contributed("vera", emotions=emotions, purposes=purposes)
    withdraw(str(clips[0].pk))
    assert Clip.objects.get(pk=clips[0].pk).status == "PURGED"
    return {"clips": [str(clip.pk) for clip in clips]}


def withdraw(clip_id: str) -> dict[str, Any]:
    """Vera withdraws the clip, and the workers do what is owed."""
    from contributions.leaving import withdrawal
    from contributions.models import Clip

    clip = Clip.objects.get(pk=clip_id)
    withdrawal.withdraw(clip, by=clip.contributor.user)
    return work()


def work() -> dict[str, Any]:
    """What the sweep has the workers do."""
    from contributions.leaving import withdrawal
    from contributions.models import Clip, TakingBack

    for pk in TakingBack.objects.filter(next_attempt_at__isnull=False).values_list("pk", flat=True):
        withdrawal.carry_due(pk)
    for pk in Clip.objects.filter(status="WITHDRAWN").values_list("pk", flat=True):
        withdrawal.purge_due(pk)
    return {}


def seen() -> dict[str, Any]:
    """Everything that is here: rows by table, digests by key, and each clip's status."""
    from contributions.models import Clip
    from openempathic import storage
    from openempathic.backups import databases

    return {
        "rows": databases.counted(),
        "objects": {key: hashlib.sha256(storage.read(key)).hexdigest() for key in storage.keys("")},
        "clips": {str(pk): status for pk, status in Clip.objects.values_list("pk", "status")},
    }


def restored(*words: str) -> dict[str, Any]:
    """A restore with these words, and then what is here, what Vera may hear of her own, and the public feed."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse

    from openempathic.accounts.models import User

    # What a page loads was not collected here yet.
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
    call_command("restore", *words)
    here = seen()
    call_command("verify_records")
    vera, otto = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})
    vera.force_login(User.objects.get(email="vera@example.org"))
    answers = {pk: vera.get(reverse("clip-audio", args=[pk])) for pk in here["clips"]}
    here["heard"] = {
        pk: hashlib.sha256(b"".join(answer.streaming_content)).hexdigest()  # type: ignore[arg-type]
        for pk, answer in answers.items()
        if answer.status_code == 200
    }
    here["feed"] = [line["clip"] for line in otto.get(reverse("tombstones")).json()["content"]["clips"]]
    here["health"] = otto.get(reverse("healthz")).status_code
    work()
    here["at_last"] = seen()
    return here


if __name__ == "__main__":
    import django

    django.setup()
    told = globals()[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write("\n" + json.dumps(told) + "\n")
