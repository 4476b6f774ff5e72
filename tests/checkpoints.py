"""Checkpoints as a publication leaves them, without the run that made them: files, manifest, signature."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openempathic import storage
from openempathic.registry import champion, signing
from openempathic.registry.manifests import MANIFEST, manifest_of
from openempathic.registry.models import NO_RUN, Checkpoint
from openempathic.registry.signing import SIGNATURE
from openempathic.signatures import canonical


def put_checkpoint(content: Mapping[str, bytes], **columns: Any) -> Checkpoint:
    """A signed checkpoint of these files, in storage and in a row, not crowned."""
    files = {name: hashlib.sha256(body).hexdigest() for name, body in content.items()}
    digest = hashlib.sha256(canonical(files)).hexdigest()
    told = {"digest": digest, "preset": "nano", "release_digest": "r" * 64, "run_id": NO_RUN, **columns}
    checkpoint = Checkpoint(files=files, **told)
    with tempfile.TemporaryDirectory() as room:
        lying = {**content, MANIFEST: manifest_of(checkpoint)}
        for name, body in lying.items():
            (Path(room) / name).write_bytes(body)
        checkpoint.signature = signing.sign(Path(room), list(lying))
    for name, body in {**lying, SIGNATURE: checkpoint.signature.encode()}.items():
        storage.put(f"{checkpoint.prefix}/{name}", body)
    return champion.enter(checkpoint)


def put_folder(folder: Path, **columns: Any) -> Checkpoint:
    """The same of every file in the folder."""
    return put_checkpoint({path.name: path.read_bytes() for path in folder.iterdir()}, **columns)
