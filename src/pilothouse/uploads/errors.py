"""What can be wrong with a file that is uploaded."""

from __future__ import annotations

from pilothouse.errors import Category, Conflict, LimitExceeded, PilothouseError, Severity


class _Refused(PilothouseError):
    """The file is not taken."""

    status = 400
    category = Category.USER
    severity = Severity.INFO


class UploadTooLarge(_Refused):
    """The file is too large."""

    code = "upload_too_large"
    status = 413


class UploadIncomplete(_Refused):
    """The request holds no whole file."""

    code = "upload_incomplete"


class ContentMismatch(_Refused):
    """The content is of another type than was said."""

    code = "content_mismatch"
    status = 415


class UnsafeArchive(_Refused):
    """The archive would harm whoever unpacks it."""

    code = "unsafe_archive"
    severity = Severity.WARNING


class UploadsFull(PilothouseError):
    """There is no space for the file."""

    code = "uploads_full"
    status = 503
    retryable = True


class TooManyUploads(LimitExceeded):
    """Too many uploads are under way."""

    code = "too_many_uploads"
    severity = Severity.INFO

    def __init__(self, message: str, *, hint: str, retry_after: int) -> None:
        """Ask the client to come again in `retry_after` seconds."""
        super().__init__(message, hint=hint)
        self.headers = {"retry-after": str(retry_after)}


class UploadQuotaReached(Conflict):
    """The tenant keeps as many bytes of uploads as it may."""

    code = "upload_quota_reached"
