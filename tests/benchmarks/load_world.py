"""A site that is full already, and people who are signed in: `python -m tests.benchmarks.load_world SIZE` makes them.

It runs in the site's own environment and prints JSON: the session of each person, and every page that needs no address
of a thing. Signing in is not what is measured, so sessions are made as rows.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

VOLUNTEERS = 16
MODERATORS = 50
# Turns of so long a clip need no pause between its first sound and its last.
SHORTEST_SECONDS = 0.01


def main() -> None:
    """Grow the site, sign its people in, and tell of both."""
    import django

    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int)
    print(json.dumps(told(parser.parse_args().size)))  # noqa: T201 — its answer


def told(size: int) -> dict[str, Any]:
    """The sessions by what people do here, and the pages by name."""
    from contributions.models import Clip
    from openempathic.accounts.models import Role, User
    from tests import worlds
    from tests.benchmarks.grown import Grown

    site = Grown()
    Clip.objects.filter(pk=site.templates[Clip]).update(duration_seconds=SHORTEST_SECONDS)
    site.grow(size)
    volunteers = [worlds.volunteer(f"load-{number}") for number in range(VOLUNTEERS)]
    moderators = User.objects.filter(pk__gte=site.first_other, role=Role.MODERATOR).order_by("pk")[:MODERATORS]
    return {
        "volunteers": [session_of(one) for one in volunteers],
        "moderators": [session_of(one) for one in moderators],
        "curator": session_of(worlds.person("cleo", Role.CURATOR)),
        "pages": pages(),
    }


def session_of(person: Any) -> str:
    """The key of a session in which the person is signed in."""
    from django.conf import settings
    from django.contrib import auth
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[auth.SESSION_KEY] = str(person.pk)
    session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[auth.HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def pages() -> dict[str, str]:
    """The path of every address that takes no argument, by its name."""
    from django.urls import get_resolver

    named = get_resolver().reverse_dict
    found = {}
    for name in (key for key in named if isinstance(key, str)):
        (path, arguments), *_others = named.getlist(name)[0][0]
        if not arguments:
            found[name] = f"/{path}"
    return found


if __name__ == "__main__":
    main()
