"""What allauth leaves to a site: how secrets lie in the database, the picture for a phone's camera, and its name."""

import base64
import io
from functools import lru_cache
from urllib.parse import urlsplit

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext_lazy

PURPOSE = b"open-empathic second factor 1"
# Tells what is sealed from what is not, and the next way of sealing from this one.
SEALED = "oe1:"


class NotReadable(Exception):
    """A secret was sealed with another signing key, or was changed: only the operator can help its owner."""

    # So that the page about the second factor still opens.
    silent_variable_failure = True


def seal(text: str) -> str:
    """The text as only the holder of the site's signing key can read it."""
    return SEALED + box(settings.SIGNING_KEY).encrypt(text.encode()).decode()


def opened(sealed: str) -> str:
    """The text that was sealed; raises NotReadable."""
    try:
        return box(settings.SIGNING_KEY).decrypt(sealed.removeprefix(SEALED)).decode()
    except InvalidToken as fault:
        raise NotReadable from fault


@lru_cache(maxsize=2)
def box(key: str) -> Fernet:
    """AES and an HMAC under a key of this purpose alone, derived by HKDF (RFC 5869)."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Seals every secret, and draws with segno."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This is not the code of now. Please type the one that the app shows."),
    }

    def encrypt(self, text: str) -> str:
        """As it is kept."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """As it was; raises NotReadable."""
        return opened(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What the app calls this site: one person may help at two."""
        return f"Open Empathic ({urlsplit(settings.SITE_URL).hostname})"

    def build_totp_svg(self, url: str) -> str:
        """The picture that an app photographs, dark on light whatever the page's colours."""
        drawn = io.BytesIO()
        segno.make(url, error="m", micro=False).save(drawn, kind="svg", scale=4, border=4, light="#fff", xmldecl=False)
        return drawn.getvalue().decode()
