"""What a site that people reach over https refuses to start with: what was meant for a desk, or left as it came.

`https` in `OE_SITE_URL` is what says that this is no desk.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

LETTERS_LEAST, DIFFERENT_LEAST = 32, 10
PLACEHOLDERS = ("changeme", "change-me", "change_me", "change this", "insecure", "replace", "your-secret", "example")
# What Django calls the password of an address.
GIVEN = "PASSWORD"
KNOWN_PASSWORDS = {"postgres", "password", "openempathic", "changeme", "secret", "admin", "redis"}


def is_production(site_url: str) -> bool:
    """Whether people reach the site over https."""
    return site_url.startswith("https://")


def may_make_keys(environ: Mapping[str, str]) -> bool:
    """Whether a key that is missing is made: not where the next machine of the same site would make another one."""
    is_on_a_server = not environ.get("DATABASE_URL", "sqlite").startswith("sqlite")
    return not (is_production(environ.get("OE_SITE_URL", "")) and is_on_a_server)


def check(*, site_url: str, is_debug: bool, keys: Mapping[str, str], database: Mapping[str, Any]) -> None:
    """Raise ImproperlyConfigured with all that is wrong; never with a secret in it."""
    if not is_production(site_url):
        return
    wrong = [f"{name} {why}" for name, key in keys.items() if (why := weakness(key))]
    if len(set(keys.values())) < len(keys):
        wrong.append(f"{', '.join(keys)} must each have a value of its own")
    if is_debug:
        wrong.append("OE_DEBUG shows strangers the inside of the site: leave it off")
    if str(database.get(GIVEN, "")).lower() in KNOWN_PASSWORDS:
        wrong.append("the password in DATABASE_URL is one that everybody tries first")
    if wrong:
        raise ImproperlyConfigured(f"Not started, since this site is on the internet ({site_url}): {'; '.join(wrong)}.")


def weakness(key: str) -> str:
    """Why the key is none; empty for one that may stand."""
    if len(key) < LETTERS_LEAST:
        return f"has {len(key)} letters, and needs {LETTERS_LEAST}"
    if len(set(key)) < DIFFERENT_LEAST:
        return "repeats itself"
    if any(word in key.lower() for word in PLACEHOLDERS):
        return "was left as it came"
    return ""
