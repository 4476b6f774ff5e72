"""A checkpoint's signature: an OpenSSF model-signing bundle over its folder, under this site's elliptic-curve key.

It says that this site published these very files. Anybody checks it with the public key that we serve and with the
`model_signing` command; our workers check it before they load anything. It does not say when, nor that the model is
any good. The key (P-256) is reckoned from the secret that receipts and feeds are signed with: there is no second one to
lose.
"""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

SIGNATURE = "model.sig"
# What may lie beside the signed files: the signature, and the mark that tells later of clips that were withdrawn.
BESIDE = (SIGNATURE, "withdrawn.json")
# Keeps the secret's other uses apart from this one.
SEED_LABEL = b"openempathic-p256/1\n"
CURVE = ec.SECP256R1()
# The order of the curve's group (SEC 2, section 2.4.2): a private key is a number from 1 to this less 1.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class NotSigned(Exception):
    """The folder is not what this site signed, or nobody signed it."""


def sign(folder: Path, names: Collection[str]) -> str:
    """The signature over these files of the folder, as the text of its bundle; whatever else lies there is left out."""
    from model_signing import hashing, signing

    class OnlyThese(hashing.Config):
        def hash(self, model_path: Any, **_options: Any) -> Any:
            return super().hash(model_path, files_to_hash=[folder / name for name in names])

    with tempfile.TemporaryDirectory(prefix="signing-") as room:
        secret, bundle = Path(room) / "key.pem", Path(room) / SIGNATURE
        write_secret(secret)
        hashed = OnlyThese().set_ignored_paths(paths=[folder / name for name in BESIDE])
        config = signing.Config().set_hashing_config(hashed).use_elliptic_key_signer(private_key=secret)
        config.sign(folder, bundle)
        return bundle.read_text(encoding="utf-8")


def verify(folder: Path, names: Collection[str]) -> None:
    """Raise NotSigned unless `model.sig` in the folder is this site's signature over these files, each byte of them."""
    from model_signing import verifying

    try:
        bundle = (folder / SIGNATURE).read_bytes()
    except FileNotFoundError:
        raise NotSigned("nobody signed it") from None
    told = read(bundle)
    key = known_keys().get(told.key)
    if key is None:
        raise NotSigned("it was signed with another key than this site's")
    if missing := set(names) - told.files:
        raise NotSigned(f"not among what was signed: {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory(prefix="verifying-") as room:
        public = Path(room) / "key.pem"
        public.write_bytes(pem(key))
        config = verifying.Config().use_elliptic_key_verifier(public_key=public).set_ignore_unsigned_files(True)
        try:
            config.verify(folder, folder / SIGNATURE)
        except Exception as fault:
            # Its parsers and its cryptography each raise their own; to us they all say the same.
            raise NotSigned(f"its signature does not fit ({type(fault).__name__})") from fault


@dataclass(frozen=True)
class Told:
    """What a bundle says of itself, believed only once its signature fits: the key's name and the signed files."""

    key: str
    files: frozenset[str]


def read(bundle: str | bytes) -> Told:
    """What the bundle says; nothing where it is none."""
    try:
        content = json.loads(bundle)
        statement = json.loads(base64.b64decode(content["dsseEnvelope"]["payload"]))
        files = frozenset(str(each["name"]) for each in statement["predicate"]["resources"])
        return Told(str(content["verificationMaterial"]["publicKey"]["hint"]), files)
    except (ValueError, KeyError, TypeError):
        return Told("", frozenset())


def pem(key: ec.EllipticCurvePublicKey) -> bytes:
    """The key as the file that `model_signing verify key --public_key` takes."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def known_keys() -> dict[str, ec.EllipticCurvePublicKey]:
    """By its name the key in use, then those of before: what they signed stays genuine after a change of keys."""
    keys = [made_from(secret).public_key() for secret in (settings.SIGNATURE_KEY, *settings.SIGNATURE_KEYS_BEFORE)]
    return {key_name(key): key for key in keys}


def key_name(key: ec.EllipticCurvePublicKey) -> str:
    """The name by which a bundle calls its key: the digest of the key's PEM file."""
    return hashlib.sha256(pem(key)).hexdigest()


def made_from(secret: str) -> ec.EllipticCurvePrivateKey:
    """The key that belongs to a secret: 512 bits of it, so that what the remainder favours is not worth a word."""
    number = int.from_bytes(hashlib.sha512(SEED_LABEL + secret.encode()).digest())
    return ec.derive_private_key(number % (ORDER - 1) + 1, CURVE)


def write_secret(path: Path) -> None:
    """The private key in a file of our own, since the library reads it from nowhere else."""
    key = made_from(settings.SIGNATURE_KEY)
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
