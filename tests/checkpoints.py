"""Checkpoints as a publication leaves them, without the run that made them: files, manifest, signature."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from openempathic import storage
from openempathic.registry import champion, signing
from openempathic.registry.manifests import MANIFEST, manifest_of
from openempathic.registry.models import NO_RUN, Checkpoint
from openempathic.registry.signing import SIGNATURE
from openempathic.signatures import canonical


def put_checkpoint(content: Mapping[str, bytes], *, is_signed: bool = True, **columns: Any) -> Checkpoint:
    """A checkpoint of these files, in storage and in a row, not crowned; without a signature no worker takes it."""
    files = {name: hashlib.sha256(body).hexdigest() for name, body in content.items()}
    digest = hashlib.sha256(canonical(files)).hexdigest()
    told = {"digest": digest, "preset": "nano", "release_digest": "r" * 64, "run_id": NO_RUN, **columns}
    checkpoint = Checkpoint(files=files, **told)
    lying = {**content, MANIFEST: manifest_of(checkpoint)}
    if is_signed:
        checkpoint.signature = signature_over(lying)
        lying[SIGNATURE] = checkpoint.signature.encode()
    for name, body in lying.items():
        storage.put(f"{checkpoint.prefix}/{name}", body)
    with transaction.atomic():
        return champion.enter(checkpoint)


def signature_over(content: Mapping[str, bytes]) -> str:
    """This site's signature over these files."""
    with tempfile.TemporaryDirectory() as room:
        for name, body in content.items():
            (Path(room) / name).write_bytes(body)
        return signing.sign(Path(room), list(content))


def put_folder(folder: Path, **columns: Any) -> Checkpoint:
    """The same of every file in the folder."""
    return put_checkpoint({path.name: path.read_bytes() for path in folder.iterdir()}, **columns)
