"""The store in an S3 bucket: the only importer of boto3, and only once a bucket is asked for."""

import hashlib
import io
import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import SplitResult, parse_qsl, urlsplit
from uuid import uuid4

from openempathic.storage.objects import (
    CHUNK_BYTES,
    AlreadyStored,
    DigestMismatch,
    Listed,
    NotStored,
    StorageError,
    StorageFull,
    StorageUnreachable,
    Stored,
    check_digest,
    pieces,
    verified,
)
from openempathic.storage.ranges import Ranges

# One request up to here, parts above: a clip (32 MiB at most) is always one request.
SINGLE_REQUEST_BYTES = 64 << 20
# S3's limit for one request. Up to here `if_absent` is one request too: SeaweedFS looks for the key when parts are
# joined, but lets rivals who join at once all win. Give larger objects names made of their digest.
SINGLE_CONDITIONAL_BYTES = 5 << 30
# S3 allows 10,000 parts: 320 GB. One part is held in memory at a time.
PART_BYTES = 32 << 20
CONFLICT_ATTEMPTS = 6


class Bucket:
    """Objects in an S3 bucket, below an optional prefix."""

    def __init__(self, url: SplitResult, *, key_id: str | None, secret: str | None) -> None:
        options = dict(parse_qsl(url.query))
        if unknown := options.keys() - {"endpoint", "region", "checksums"}:
            raise StorageError(f"STORAGE_URL has unknown options: {', '.join(sorted(unknown))}.")
        self.bucket = url.netloc
        self.prefix = f"{url.path.strip('/')}/" if url.path.strip("/") else ""
        self.where = (
            f"the bucket {self.bucket} at {urlsplit(options.get('endpoint', '//AWS')).netloc.rpartition('@')[2]}"
        )
        self.checksums = options.get("checksums", "when_supported")
        self.s3 = _client(options, checksums=self.checksums, key_id=key_id, secret=secret)

    def put(self, key: str, source: BinaryIO, *, sha256: str | None, if_absent: bool) -> Stored:
        """Hash first, then upload what the store can check; large objects in parts, whose sum appears at once."""
        digest, byte_count = _measured(source)
        check_digest(key, actual=digest.hex(), expected=sha256)
        writer = uuid4().hex
        request = {**self._named(key), "Metadata": {"sha256": digest.hex(), "writer": writer}}
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        most = SINGLE_CONDITIONAL_BYTES if if_absent else SINGLE_REQUEST_BYTES
        upload = self._put_whole if byte_count <= most else self._put_parts
        try:
            with self._errors(key):
                _retry_conflicts(lambda: upload(source, request, condition))
        except AlreadyStored:
            # The answer to our own write may have been lost, and its retry then finds the key taken by us.
            if not self._is_written_by(writer, key):
                raise
        return Stored(key, byte_count, digest.hex())

    def adopt(self, key: str, path: Path, *, sha256: str) -> Stored:
        """Put it."""
        with path.open("rb") as file:
            return self.put(key, file, sha256=sha256, if_absent=False)

    def open(self, key: str) -> BinaryIO:
        """A seekable reader that asks for ranges of this very version of the object."""
        with self._errors(key):
            head = self.s3.head_object(**self._named(key))
        ranges = Ranges(partial(self._read_range, key, head["ETag"]), byte_count=head["ContentLength"])
        return io.BufferedReader(ranges, buffer_size=CHUNK_BYTES)

    def chunks(self, key: str, *, sha256: str | None) -> Iterator[bytes]:
        """The bytes in order, checked against the digest given or, without one, that which put() left beside them."""
        with self._errors(key):
            answer = self.s3.get_object(**self._named(key))
            expected = sha256 or answer["Metadata"].get("sha256")
            yield from verified(answer["Body"].iter_chunks(CHUNK_BYTES), key=key, expected=expected)

    def stat(self, key: str) -> Stored:
        """The size, and the digest that put() left beside the bytes."""
        with self._errors(key):
            head = self.s3.head_object(**self._named(key))
        return Stored(key, head["ContentLength"], head["Metadata"].get("sha256"))

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys as the bucket lists them."""
        return (entry.key for entry in self.listed(prefix))

    def listed(self, prefix: str) -> Iterator[Listed]:
        """The same with sizes; a version is the tag of the bytes and the moment at which they were written."""
        with self._errors(prefix):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
            for page in pages:
                for entry in page.get("Contents", []):
                    version = f"{entry['ETag']}-{entry['LastModified'].isoformat()}"
                    yield Listed(entry["Key"].removeprefix(self.prefix), entry["Size"], version)

    def ages(self, prefix: str) -> Iterator[tuple[str, float]]:
        """The time since the objects were put, both as the store tells it."""
        for page in self._listed("list_objects_v2", prefix):
            now = _told_at(page)
            for entry in page.get("Contents", []):
                yield entry["Key"].removeprefix(self.prefix), (now - entry["LastModified"]).total_seconds()

    def erase(self, prefix: str) -> int:
        """Abort unfinished uploads, which hold bytes too, then delete what is listed.

        One request an object: stores disagree about the checksum they want on a deletion of many.
        """
        with self._errors(prefix):
            self._abort_uploads(prefix)
            found = list(self.keys(prefix))
            for key in found:
                self.s3.delete_object(**self._named(key))
        return len(found)

    def erase_unfinished(self, prefix: str, *, older_than_seconds: float) -> None:
        """Abort unfinished uploads."""
        with self._errors(prefix):
            self._abort_uploads(prefix, older_than_seconds=older_than_seconds)

    def signed_url(self, key: str, *, seconds: int) -> str:
        """A presigned GET; it is not checked that the object exists."""
        return str(self.s3.generate_presigned_url("get_object", Params=self._named(key), ExpiresIn=seconds))

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + key}

    def _read_range(self, key: str, etag: str, start: int, stop: int) -> bytes:
        """Bytes start to stop, of the version that has this tag."""
        with self._errors(key):
            span = f"bytes={start}-{stop - 1}"
            try:
                return bytes(self.s3.get_object(**self._named(key), Range=span, IfMatch=etag)["Body"].read())
            except self.s3.exceptions.ClientError as error:
                if _status(error) == 412:
                    raise StorageUnreachable(f"{key} was overwritten while it was being read.") from error
                raise

    def _put_whole(self, source: BinaryIO, request: dict[str, Any], condition: dict[str, str]) -> None:
        source.seek(0)
        checksum = self._checksum(pieces(source))
        source.seek(0)
        self.s3.put_object(**request, **condition, **checksum, Body=source)

    def _put_parts(self, source: BinaryIO, request: dict[str, Any], condition: dict[str, str]) -> None:
        algorithm = {"ChecksumAlgorithm": "SHA256"} if self.checksums == "when_supported" else {}
        named = {"Bucket": request["Bucket"], "Key": request["Key"]}
        upload = {**named, "UploadId": self.s3.create_multipart_upload(**request, **algorithm)["UploadId"]}
        try:
            parts = self._upload_parts(source, upload)
            self.s3.complete_multipart_upload(**upload, **condition, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(Exception):  # The first error says more than a failing clean-up.
                self.s3.abort_multipart_upload(**upload)
            raise

    def _upload_parts(self, source: BinaryIO, upload: dict[str, str]) -> list[dict[str, Any]]:
        source.seek(0)
        parts = []
        for number, part in enumerate(pieces(source, PART_BYTES), start=1):
            checksum = self._checksum([part])
            answer = self.s3.upload_part(**upload, **checksum, PartNumber=number, Body=part)
            checksum.pop("ContentMD5", None)
            parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksum})
        return parts

    def _checksum(self, chunks: Iterable[bytes]) -> dict[str, str]:
        """What the store is to check on arrival."""
        sums = self.checksums == "when_supported"
        digest = hashlib.sha256() if sums else hashlib.md5(usedforsecurity=False)
        for chunk in chunks:
            digest.update(chunk)
        return {"ChecksumSHA256" if sums else "ContentMD5": b64encode(digest.digest()).decode()}

    def _is_written_by(self, writer: str, key: str) -> bool:
        try:
            with self._errors(key):
                return bool(self.s3.head_object(**self._named(key))["Metadata"].get("writer") == writer)
        except NotStored:
            return False

    def _listed(self, what: str, prefix: str) -> Iterator[dict[str, Any]]:
        """The pages of a listing."""
        with self._errors(prefix):
            yield from self.s3.get_paginator(what).paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)

    def _abort_uploads(self, prefix: str, *, older_than_seconds: float = 0) -> None:
        for page in self._listed("list_multipart_uploads", prefix):
            now = _told_at(page)
            for upload in page.get("Uploads", []):
                if older_than_seconds and (now - upload["Initiated"]).total_seconds() < older_than_seconds:
                    continue
                self.s3.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        """Say in our words what the store said; neither keys nor headers appear in them."""
        from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

        try:
            yield
        except ClientError as error:
            raise self._translated(error, key) from error
        except FlexibleChecksumError as error:
            raise DigestMismatch(f"{key} arrived damaged from {self.where}.") from error
        except BotoCoreError as error:
            raise StorageUnreachable(f"Cannot reach {self.where} for {key}: {type(error).__name__}.") from error

    def _translated(self, error: Any, key: str) -> StorageError:
        code, status = error.response["Error"]["Code"], _status(error)
        if status == 404 and code != "NoSuchBucket":
            return NotStored(f"{key} is not stored.")
        if status == 412:
            return AlreadyStored(f"{key} is already stored.")
        if status == 507 or code in ("XMinioStorageFull", "InsufficientStorage", "QuotaExceeded"):
            return StorageFull(f"No room to store {key} in {self.where}.")
        if code in ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"):
            return DigestMismatch(f"{key} arrived damaged in {self.where}.")
        return StorageUnreachable(f"Refused by {self.where} for {key}: {code} (HTTP {status}).")


def _client(options: dict[str, str], *, checksums: str, key_id: str | None, secret: str | None) -> Any:
    """A client of its own session, since boto3's shared one may not be used by several threads at once."""
    # Imported here so that a site on a local folder never loads it.
    import boto3
    from botocore.config import Config
    from botocore.handlers import add_expect_header

    endpoint = options.get("endpoint")
    config = Config(
        # A store that hangs is given up before the 60 s after which a browser gives up on us.
        connect_timeout=3,
        read_timeout=15,
        retries={"mode": "standard", "max_attempts": 3},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
        max_pool_connections=32,
        # A store of one's own seldom has a name in the DNS for every bucket.
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=options.get("region", "us-east-1"),
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=config,
    )
    # It would ask first whether it may send the bytes. A store that breaks off in the middle of that answer leaves
    # botocore 1.44 in a loop that never ends: the thread was lost, and a core with it.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def _measured(source: BinaryIO) -> tuple[bytes, int]:
    digest, byte_count = hashlib.sha256(), 0
    for chunk in pieces(source):
        digest.update(chunk)
        byte_count += len(chunk)
    return digest.digest(), byte_count


def _retry_conflicts(write: Callable[[], None]) -> None:
    """Try again while the store says 409: a rival's conditional write to the same key is still under way."""
    from botocore.exceptions import ClientError

    for attempt in range(CONFLICT_ATTEMPTS):
        try:
            return write()
        except ClientError as error:
            if _status(error) != 409 or attempt == CONFLICT_ATTEMPTS - 1:
                raise
            time.sleep(0.05 * 2**attempt * (1 + random.random()))  # noqa: S311 - no secret, only spread


def _told_at(page: dict[str, Any]) -> datetime:
    """When the store said this, by its own clock."""
    return parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])


def _status(error: Any) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
