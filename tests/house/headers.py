"""What the headers of every answer must say, whoever asked for it and whatever it is."""

from django.http import HttpResponseBase

PERSONAL = ("text/html", "application/json")
# Whoever puts these in front of a person's own pages must not let them lie in a cache.
SOUND = ("audio/", "video/")
OK = 200


def faults(response: HttpResponseBase, *, is_somebody: bool) -> list[str]:
    """What the headers lack; none where a browser keeps other sites, and the next person at the machine, out."""
    said = {name.lower(): value for name, value in response.headers.items()}
    policy = said.get("content-security-policy", "")
    expected = {
        "no nosniff": said.get("x-content-type-options") == "nosniff",
        "may be framed": said.get("x-frame-options") == "DENY",
        "shares its window": said.get("cross-origin-opener-policy") == "same-origin",
        "may be taken in by others": said.get("cross-origin-resource-policy") == "same-origin",
        "tells others where it was": said.get("referrer-policy") == "same-origin",
        "gives a camera away": "camera=()" in said.get("permissions-policy", ""),
        "no policy of contents": "default-src" in policy,
        "runs what is written into it": "unsafe" not in policy and "*" not in policy,
    }
    media_type, cache = said.get("content-type", ""), said.get("cache-control", "")
    is_somebodys = is_somebody and response.status_code == OK and "cookie" in said.get("vary", "").lower()
    if media_type.startswith(SOUND) or (is_somebodys and media_type.startswith(PERSONAL)):
        expected["may lie in a cache"] = "no-store" in cache
    return [fault for fault, holds in expected.items() if not holds]
