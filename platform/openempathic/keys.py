"""The site's own keys: from the environment, or made once in a folder only the site can read."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from openempathic import production


def site_key(name: str, *, folder: Path, environment_variable: str) -> str:
    """Return the named key; where no variable gives it, make it at first start and keep it for good.

    Raises ImproperlyConfigured where it would have to be made and other machines could not know of it.
    """
    if given := os.environ.get(environment_variable):
        return given
    path = folder / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        if not production.may_make_keys(os.environ):
            raise ImproperlyConfigured(
                f"Not started: give {environment_variable}, the same on every machine of this site."
                " It is made here only where the database is here too. For a new site:"
                " python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            ) from None
        make_key(path)
    return path.read_text().strip()


def make_key(path: Path) -> None:
    """Write a fresh key durably; of several processes that start together, exactly one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        # link() refuses to replace: whoever comes second keeps the first one's key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
