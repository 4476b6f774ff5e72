"""The site's keys, under a passphrase: only where that was asked for, since whoever has both can be the site."""

import base64
import hashlib
import hmac
import io
import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from openempathic import durable, storage
from openempathic.backups.faults import BackupFault, NoBackup
from openempathic.backups.places import KEYS, Place

FORMAT = "openempathic-keys/1"
# The file in OE_VAR/keys, the variable that may stand for it, and the setting.
KNOWN = (
    ("secret.key", "OE_SECRET_KEY", "SECRET_KEY"),
    ("signing.key", "OE_SIGNING_KEY", "SIGNING_KEY"),
    ("signature.key", "OE_SIGNATURE_KEY", "SIGNATURE_KEY"),
)
# A guess costs 128 MiB and a quarter of a second: RFC 7914's advice for files.
COST, BLOCK, LANES = 1 << 17, 8, 1


class WrongPassphrase(BackupFault):
    """The passphrase does not open the keys, or they were changed."""


class OthersThere(BackupFault):
    """This machine has keys already, and other ones."""


def fingerprint() -> str:
    """Tells one site's signing key from another's, and nothing else about it."""
    return hmac.new(settings.SIGNING_KEY.encode(), b"openempathic-backup-key/1", hashlib.sha256).hexdigest()[:16]


def where() -> str:
    """Where the keys lie, for whoever must keep a copy of them."""
    given = [variable for _file, variable, _setting in KNOWN if os.environ.get(variable)]
    files = [str(settings.KEYS / file) for file, variable, _setting in KNOWN if variable not in given]
    return " and ".join([*(["the environment (" + ", ".join(given) + ")"] if given else []), *files])


def seal(place: Place, passphrase: str) -> None:
    """Keep the keys at the place, legible only to whoever knows the passphrase."""
    kept = {file: getattr(settings, setting) for file, _variable, setting in KNOWN}
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(stretched(passphrase, salt)).encrypt(nonce, json.dumps(kept).encode(), FORMAT.encode())
    document = {"format": FORMAT, "salt": in_letters(salt), "nonce": in_letters(nonce), "sealed": in_letters(sealed)}
    place.store.put(KEYS, io.BytesIO(json.dumps(document).encode()), sha256=None, if_absent=False)


def unseal(place: Place, passphrase: str) -> dict[str, str]:
    """The keys by their files; raises NoBackup or WrongPassphrase."""
    try:
        document = json.loads(place.read(KEYS))
    except storage.NotStored:
        raise NoBackup(f"{place} holds no keys: they were not asked to be backed up.") from None
    try:
        salt, nonce, sealed = (base64.b64decode(document[part]) for part in ("salt", "nonce", "sealed"))
        return dict(json.loads(AESGCM(stretched(passphrase, salt)).decrypt(nonce, sealed, FORMAT.encode())))
    except (InvalidTag, KeyError, ValueError) as fault:
        raise WrongPassphrase("The passphrase does not open the keys, or they were changed.") from fault


def bring_back(keys: dict[str, str], *, over: bool) -> list[Path]:
    """Write the keys into OE_VAR/keys, readable for the site alone; the files. Raises OthersThere."""
    different = [file for file, _variable, setting in KNOWN if getattr(settings, setting) != keys[file]]
    if in_environment := [variable for file, variable, _ in KNOWN if os.environ.get(variable) and file in different]:
        raise OthersThere(f"{', '.join(in_environment)} give other keys: take them out of the environment first.")
    if different and not over:
        raise OthersThere(
            f"There are other keys in {settings.KEYS}. A machine that never served made them at its first start: then "
            "say --over. They are kept beside, as *.before."
        )
    return [written(file, keys[file]) for file in different]


def written(file: str, key: str) -> Path:
    """The file with this key; what it held is kept beside it."""
    path = settings.KEYS / file
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        os.replace(path, path.with_name(f"{file}.before"))
    durable.place([key.encode()], path, root=path.parent)
    path.chmod(0o600)
    return path


def stretched(passphrase: str, salt: bytes) -> bytes:
    """A key that a guess pays for."""
    return Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES).derive(passphrase.encode())


def in_letters(content: bytes) -> str:
    """Bytes in JSON."""
    return base64.b64encode(content).decode()
