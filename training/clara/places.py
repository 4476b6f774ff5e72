"""Reading from a web address or a bucket: no redirect, no plain http but to this machine, a limit on every wait.

It knows nothing of checkpoints. Credentials and endpoint of a bucket are boto3's own (`AWS_ACCESS_KEY_ID`,
`AWS_ENDPOINT_URL_S3` ...).
"""

from __future__ import annotations

import http.client
import ipaddress
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

PIECE_BYTES = 1 << 20
# For one answer to begin, or go on; and for all of one file.
WAIT_SECONDS, FILE_SECONDS = 30.0, 1_800.0
GONE = {404, 410}


class NotFetchable(Exception):
    """There is nothing to be had at the address, or not in a way that is allowed; the message says what to do."""


class Missing(NotFetchable):
    """The place answers, and has nothing of that name."""


class Unreachable(NotFetchable):
    """The place does not answer, or not now."""


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""


class Place(ABC):
    """A folder somewhere else, from which files are read by name."""

    @abstractmethod
    def __truediv__(self, name: str) -> Place:
        """The folder of that name in this one."""

    @abstractmethod
    @contextmanager
    def stream(self, name: str) -> Iterator[Stream]:
        """The open file; raises Missing, Unreachable or NotFetchable."""

    @contextmanager
    def opened(self, name: str) -> Iterator[Iterator[bytes]]:
        """The file in pieces; raises Missing, Unreachable or NotFetchable."""
        with self.stream(name) as stream:
            yield self._pieces(stream, name)

    def read(self, name: str, *, at_most: int) -> bytes:
        """A small file; raises NotFetchable where it is not small."""
        content = b""
        with self.opened(name) as pieces:
            for piece in pieces:
                content += piece
                if len(content) > at_most:
                    raise NotFetchable(f"{name} at {self} is larger than {at_most} bytes: that is no such file")
        return content

    def _pieces(self, stream: Stream, name: str) -> Iterator[bytes]:
        until = time.monotonic() + FILE_SECONDS
        while True:
            try:
                piece = stream.read(PIECE_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"{self} broke off while it sent {name}; try again ({error})") from error
            if not piece:
                return
            if time.monotonic() > until:
                raise Unreachable(f"{name} did not come from {self} within {FILE_SECONDS:.0f} s; try again")
            yield piece


class WebPlace(Place):
    """A folder of a web site."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> WebPlace:
        return WebPlace(f"{self.address}/{quote(name)}")

    @contextmanager
    def stream(self, name: str) -> Iterator[Stream]:
        """The answer, if it is one."""
        request = urllib.request.Request(f"{self.address}/{quote(name)}", headers={"Accept-Encoding": "identity"})  # noqa: S310 - place_at saw to the scheme
        try:
            answer = opener(self.address).open(request, timeout=WAIT_SECONDS)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise self._refused(refusal, name) from refusal
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self} cannot be reached; are you online? ({error})") from error
        with answer:
            yield answer

    def _refused(self, refusal: urllib.error.HTTPError, name: str) -> NotFetchable:
        if refusal.code in GONE:
            return Missing(f"{self} has no {name}")
        if 300 <= refusal.code < 400:
            to = refusal.headers.get("Location", "elsewhere")
            return NotFetchable(f"{self} redirects to {to}, which is not followed: if you trust it, give that address")
        if refusal.code >= 500 or refusal.code == 429:
            return Unreachable(f"{self} answers {refusal.code} to {name}; try again later")
        return NotFetchable(f"{self} answers {refusal.code} to {name}: it gives it out only to others, if at all")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Nowhere: the answer becomes an error of its own status."""


def opener(address: str) -> urllib.request.OpenerDirector:
    """What opens the address, following nothing; this very machine is never asked through a proxy."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_this_machine(urlsplit(address).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


class BucketPlace(Place):
    """A prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str, client: Any) -> None:
        self.bucket, self.prefix, self.client = bucket, prefix.strip("/"), client

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def __truediv__(self, name: str) -> BucketPlace:
        return BucketPlace(self.bucket, f"{self.prefix}/{name}", self.client)

    @contextmanager
    def stream(self, name: str) -> Iterator[Stream]:
        """The object, if it is there."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            body = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}".lstrip("/"))["Body"]
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status in GONE:
                raise Missing(f"{self} has no {name}") from error
            raise NotFetchable(f"{self} refuses {name}: look at credentials and endpoint ({error})") from error
        except BotoCoreError as error:
            raise Unreachable(f"{self} cannot be reached: look at credentials and endpoint ({error})") from error
        with body:
            yield body


def place_at(address: str) -> Place:
    """The folder at an https or s3 address; http only on this machine. Raises NotFetchable."""
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme == "s3":
        return BucketPlace(parts.netloc, parts.path, bucket_client())
    if scheme not in ("https", "http") or not host:
        raise NotFetchable(f"{address} is no address of a checkpoint: give a folder, https://... or s3://...")
    if scheme == "http" and not is_this_machine(host):
        raise NotFetchable(f"{address} would be read in the open, where anybody can change it: use https")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NotFetchable("give the address of the checkpoint alone, without a password, a ? or a #")
    return WebPlace(address)


def is_this_machine(host: str) -> bool:
    """Whether what is sent there leaves this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bucket_client() -> Any:
    """A client of S3; raises NotFetchable where boto3 is not installed."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise NotFetchable("an s3:// address is read through boto3, which is not here: pip install boto3") from error
    waits = Config(connect_timeout=WAIT_SECONDS, read_timeout=WAIT_SECONDS, retries={"max_attempts": 3})
    return boto3.client("s3", config=waits)
