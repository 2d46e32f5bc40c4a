"""What can go wrong with backups."""

from __future__ import annotations

from pilothouse.errors import Category, Conflict, InvalidInput, PilothouseError


class BackupFailed(PilothouseError):
    """A backup could not be made."""

    code = "backup_failed"


class BackupDamaged(PilothouseError):
    """A backup is not what it was when it was made."""

    code = "backup_damaged"


class BackupTooNew(PilothouseError):
    """A backup was made by a newer version of Pilothouse."""

    code = "backup_too_new"
    category = Category.USER


class BackupRunning(Conflict):
    """Another process makes a backup of this database now."""

    code = "backup_running"


class PlaceInvalid(InvalidInput):
    """This is no place for backups."""

    code = "backup_place_invalid"


class RestoreFailed(PilothouseError):
    """A backup could not be restored; what was there before is as it was."""

    code = "restore_failed"


class NotEmpty(Conflict):
    """The database that is to be restored is not empty."""

    code = "restore_not_empty"


class StillUsed(Conflict):
    """Processes of Pilothouse are connected to the database that is to be restored."""

    code = "restore_still_used"
