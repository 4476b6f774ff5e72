"""What can go wrong with a backup."""


class BackupFault(Exception):
    """Something about a backup could not be done; the message says what."""


class NoPlace(BackupFault):
    """The place is not one where backups may lie."""


class AlreadyRunning(BackupFault):
    """Another backup of this site is being made, or restored, at this moment."""


class NoBackup(BackupFault):
    """There is no such backup: none of that name has a manifest."""


class ProgramMissing(BackupFault):
    """A program of PostgreSQL is not installed, or refused its work."""


class Broken(BackupFault):
    """What lies there is not what was written; `names` says which parts."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        super().__init__(f"The backup is damaged: {'; '.join(names[:20])}{more}.")


class NotEmpty(BackupFault):
    """Where it should be restored there is something already."""


class OtherKeys(BackupFault):
    """This machine has not the keys of the site that was backed up."""
