"""Backups: the database, then the storage, in one place that forgets after 30 days; and the way back from there.

A place is a folder or a bucket that is not the site's own storage:

    objects/<ab>/<sha256>            what the storage held, under its digest; shared by all backups that hold it
    backups/<name>/database.*        the database at one moment
    backups/<name>/objects.sqlite3   which key had which object, then
    backups/<name>/manifest.json     digests and counts, signed; written last: a folder without one is no backup
    ledger/withdrawals/...           what was taken back, also since the last backup
    keys/sealed                      the site's keys, if that was asked for, under a passphrase

The database comes first, so that no row names bytes that the backup lacks; what is erased while the copy runs was taken
back meanwhile, and the ledger, copied last, says so. A place keeps no sound for longer than its backups: an object goes
with the last backup that held it. What we do not know: whether the place keeps versions, or copies of its own.
"""
