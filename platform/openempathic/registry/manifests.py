"""What a checkpoint consists of, in one small file that lies beside its weights and is signed with them."""

import json

from openempathic.registry.models import Checkpoint
from openempathic.registry.signing import SIGNATURE

FORMAT = "openempathic-checkpoint/1"
MANIFEST = "manifest.json"
# What lies beside the files of every checkpoint.
BESIDE = (MANIFEST, SIGNATURE)


def manifest_of(checkpoint: Checkpoint) -> bytes:
    """The manifest as canonical JSON: a function of the row, so that whoever writes it writes the same."""
    told = {
        "format": FORMAT,
        "digest": checkpoint.digest,
        "preset": checkpoint.preset,
        "release_digest": checkpoint.release_digest,
        "run": str(checkpoint.run_id),
        "files": checkpoint.files,
        "published_at": checkpoint.published_at.isoformat(),
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
