"""A volunteer without a browser: signs up, consents and sends clips over HTTP, for tests that need no page."""

import base64
import hashlib
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Visitor:
    """One person's cookies and acts at one site."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def volunteer(self, email: str) -> None:
        """Make an account and allow everything that is asked for."""
        self.post("/accounts/signup/", {"email": email, "password1": "a long enough word"})
        self.post("/contribute/", {"language": "en"})
        page = self.get("/contribute/consent/")
        boxes = re.findall(r'<input type="checkbox" name="([^"]+)"', page)
        self.post("/contribute/consent/", {**dict(HIDDEN.findall(page)), **dict.fromkeys(boxes, "on")})

    def get(self, path: str) -> str:
        """A page."""
        with self.opener.open(self.address + path, timeout=60) as answer:
            return answer.read().decode()

    def post(self, path: str, fields: dict[str, str]) -> str:
        """Fill in the form of a page."""
        self.get(path)
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": self.token(), **fields}).encode()
        with self.opener.open(self.address + path, body, timeout=60) as answer:
            return answer.read().decode()

    def put(self, sound: bytes, *, clip_id: uuid.UUID | None = None) -> tuple[int, dict[str, object]]:
        """Send a clip; the status and what the site says of it."""
        digest = base64.b64encode(hashlib.sha256(sound).digest()).decode()
        request = urllib.request.Request(
            f"{self.address}/api/v1/clips/{clip_id or uuid.uuid4()}/",
            data=sound,
            method="PUT",
            headers={
                "Content-Type": "audio/wav",
                "Content-Digest": f"sha-256=:{digest}:",
                "X-Clip-Language": "en",
                "X-CSRFToken": self.token(),
            },
        )
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def token(self) -> str:
        """What proves that a request is one's own."""
        return next(cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken")
