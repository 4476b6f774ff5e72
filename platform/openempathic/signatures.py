"""What this site signs: canonical JSON under its own Ed25519 key, for anybody to check with the public half.

A signature says that this site wrote the words and that nobody changed them since. It does not say when: a time in the
words is the site's own claim.
"""

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext as _

ALGORITHM = "Ed25519"
# The secret is any long word, as `openssl rand -hex 32` makes; this keeps its other uses, if any, apart from ours.
SEED_LABEL = b"openempathic-ed25519/1\n"


class NotGenuine(Exception):
    """The document does not carry this site's signature over these very words."""


def canonical(content: Any) -> bytes:
    """The one spelling of the content that is signed: keys sorted, no spaces, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sign(content: dict[str, Any]) -> dict[str, Any]:
    """The content with this site's signature beside it: `{"content": ..., "signature": {algorithm, key_id, value}}`."""
    key = private_key()
    value = base64.b64encode(key.sign(canonical(content))).decode()
    return {
        "content": content,
        "signature": {"algorithm": ALGORITHM, "key_id": key_id(key.public_key()), "value": value},
    }


def verify(document: Any) -> dict[str, Any]:
    """The content of a document that this site signed; raises NotGenuine where a letter of it was changed."""
    try:
        content, signature = document["content"], document["signature"]
        named, value = signature["key_id"], base64.b64decode(signature["value"], validate=True)
        spelled = canonical(content)
    except (KeyError, TypeError, ValueError):
        raise NotGenuine(_("This is not a signed document of Open Empathic.")) from None
    key = known_keys().get(named)
    if key is None:
        raise NotGenuine(_("This was signed with another key than this site's."))
    try:
        key.verify(value, spelled)
    except InvalidSignature:
        raise NotGenuine(_("This was changed after it was signed, or was never signed by this site.")) from None
    if not isinstance(content, dict):
        raise NotGenuine(_("This is not a signed document of Open Empathic."))
    return content


def public_keys() -> dict[str, Any]:
    """The public halves, the one in use first, as a JSON Web Key Set (RFC 7517, RFC 8037)."""
    return {"keys": [as_jwk(name, key) for name, key in known_keys().items()]}


def as_jwk(name: str, key: Ed25519PublicKey) -> dict[str, str]:
    """One public key as the set lists it."""
    x = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": ALGORITHM, "alg": "EdDSA", "use": "sig", "kid": name, "x": x}


def known_keys() -> dict[str, Ed25519PublicKey]:
    """By its name the key in use, then those of before: what they signed stays genuine after a change of keys."""
    keys = [made_from(secret).public_key() for secret in (settings.SIGNATURE_KEY, *settings.SIGNATURE_KEYS_BEFORE)]
    return {key_id(key): key for key in keys}


def private_key() -> Ed25519PrivateKey:
    """The key that signs now."""
    return made_from(settings.SIGNATURE_KEY)


def made_from(secret: str) -> Ed25519PrivateKey:
    """The key that belongs to a secret."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(SEED_LABEL + secret.encode()).digest())


def key_id(key: Ed25519PublicKey) -> str:
    """A short name for the key, the same wherever it is known."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
