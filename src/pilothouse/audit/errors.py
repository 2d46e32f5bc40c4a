"""What can go wrong with the audit log."""

from __future__ import annotations

from pilothouse.errors import Category, Conflict, PilothouseError, Severity, Unavailable


class KeyUnfit(PilothouseError):
    """A key does not fit its purpose."""

    code = "audit_key_unfit"
    status = 400
    category = Category.USER


class NotYetPlaced(Conflict):
    """The entry has no place in the log yet; it has one within a second."""

    code = "audit_not_yet_placed"
    retryable = True


class NoSuchTree(PilothouseError):
    """The log has never had that many entries."""

    code = "audit_no_such_tree"
    status = 400
    category = Category.USER
    severity = Severity.INFO


class LogDamaged(PilothouseError):
    """What is stored of the audit log does not fit together."""

    code = "audit_log_damaged"
    severity = Severity.CRITICAL


class NotAnExport(PilothouseError):
    """The file is no export of an audit log."""

    code = "audit_not_an_export"
    status = 400
    category = Category.USER


class PlaceUnfit(PilothouseError):
    """Tree heads cannot be published there."""

    code = "audit_place_unfit"
    category = Category.USER


class AuditBehind(Unavailable):
    """What is done cannot be recorded at present, and nothing is done that is not."""

    code = "audit_behind"
