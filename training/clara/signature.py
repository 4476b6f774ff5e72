"""Whether a checkpoint was signed with a key that its reader trusts: a Sigstore bundle, as model-signing writes it.

Needs `cryptography`, which the base does without: only who gives a key needs it. It knows keys, no certificates and no
transparency log.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.clara.checkpoint import CorruptCheckpoint

FILE = "model.sig"
STATEMENT = "application/vnd.in-toto+json"
KeyGiven = str | bytes | Path


def check(bundle: bytes, *, key: KeyGiven, sha256s: Mapping[str, str], covers: str) -> None:
    """Raise CorruptCheckpoint unless the bundle is signed with the key and names each file, or `covers`, as it is here.

    `sha256s` are the digests of what was read, by name; a signature over the file `covers` (the manifest, which lists
    the others) is one over all of them. `key` is a public key in PEM, or the path of one: P-256, P-384, P-521, Ed25519.
    """
    signed = signed_digests(statement(bundle, key))
    told = {name: signed.get(name) for name in ([covers] if covers in signed else sha256s)}
    if differing := sorted(name for name, digest in told.items() if digest != sha256s[name]):
        raise CorruptCheckpoint(f"{FILE} was made for another {differing[0]}: the checkpoint is not what was signed")


def statement(bundle: bytes, key: KeyGiven) -> dict[str, Any]:
    """What the bundle says, once its signature is found to be the key's."""
    try:
        envelope = json.loads(bundle)["dsseEnvelope"]
        kind, payload = str(envelope["payloadType"]), base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise CorruptCheckpoint(f"{FILE} is no signature that this code can read") from error
    if kind != STATEMENT:
        raise CorruptCheckpoint(f"{FILE} signs {kind!r}, not {STATEMENT!r}")
    verify(key, signature, pre_authenticated(kind, payload))
    told = json.loads(payload)
    if not isinstance(told, dict):
        raise CorruptCheckpoint(f"{FILE} signs no statement")
    return told


def signed_digests(told: Mapping[str, Any]) -> dict[str, str]:
    """The sha256 of each file that the statement names."""
    try:
        resources = told["predicate"]["resources"]
        return {str(each["name"]): str(each["digest"]) for each in resources if each["algorithm"] == "sha256"}
    except (KeyError, TypeError) as error:
        raise CorruptCheckpoint(f"{FILE} names no files") from error


def pre_authenticated(kind: str, payload: bytes) -> bytes:
    """The bytes that are signed, after DSSE 1.0."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def verify(key: KeyGiven, signature: bytes, content: bytes) -> None:
    """Raise CorruptCheckpoint where the signature is not this key's over the content."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    except ImportError as error:
        raise ImportError("a signature can be checked only where cryptography is: pip install cryptography") from error
    public = serialization.load_pem_public_key(pem(key))
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, content)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            by_size = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
            public.verify(signature, content, ec.ECDSA(by_size[public.curve.key_size]))
        else:
            raise ValueError("the key is neither an elliptic curve's nor Ed25519")
    except InvalidSignature as error:
        raise CorruptCheckpoint(f"{FILE} was not made with the key that was given") from error


def pem(key: KeyGiven) -> bytes:
    """The key's text, from the text itself or from the file that holds it."""
    if isinstance(key, bytes):
        return key
    if isinstance(key, str) and key.lstrip().startswith("-----BEGIN"):
        return key.encode()
    return Path(key).read_bytes()
