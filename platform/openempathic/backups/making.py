"""One backup: the database, then the storage, then the ledger, then the manifest; and what is too old goes."""

import io
from datetime import datetime
from typing import Any

from django.utils import timezone

from openempathic import signatures
from openempathic.backups import databases, expiry, ledger, sealed_keys
from openempathic.backups.copying import Copying
from openempathic.backups.drafts import draft
from openempathic.backups.models import Backup
from openempathic.backups.places import FORMAT, MANIFEST, Place, key_of, new_name
from openempathic.version import app_version


def make(place: Place, *, now: datetime, passphrase: str = "") -> dict[str, Any]:
    """Back up the site as it is now, and erase what is too old; the manifest.

    With a passphrase the site's keys are sealed beside it. Raises BackupFault, StorageError or DatabaseError; what is
    too old has gone by then.
    """
    place.prepare()
    with draft() as folder:
        expiry.expire(place, now=now, folder=folder)
        name = new_name(now)
        dump = databases.dump(folder)
        told: dict[str, Any] = {"database": place.put(name, dump.path) | {"vendor": dump.vendor, "rows": dump.rows}}
        dump.path.unlink()
        copying = Copying(place, folder=folder, now=now)
        told["objects"] = copying.run()
        told["index"] = place.put(name, copying.index.path)
        if passphrase:
            sealed_keys.seal(place, passphrase)
        told["ledger"] = ledger.copy(place)
        content = {
            "format": FORMAT,
            "name": name,
            "software": app_version(),
            "begun_at": now.isoformat(),
            "finished_at": timezone.now().isoformat(),
            "keys": sealed_keys.fingerprint(),
            **told,
        }
        manifest = io.BytesIO(signatures.canonical(signatures.sign(content)))
        place.store.put(key_of(name, MANIFEST), manifest, sha256=None, if_absent=True)
        expiry.tidy(place, copying.index.path)
    remember(place, content)
    return content


def remember(place: Place, content: dict[str, Any]) -> None:
    """Keep a row of the backup, and none of those that have gone."""
    Backup.objects.filter(place=str(place)).exclude(name__in=place.names()).delete()
    Backup.objects.create(
        name=content["name"],
        place=str(place),
        begun_at=datetime.fromisoformat(content["begun_at"]),
        finished_at=datetime.fromisoformat(content["finished_at"]),
        object_count=content["objects"]["count"],
        byte_count=content["objects"]["byte_count"],
        copied_bytes=content["objects"]["copied_bytes"],
    )
