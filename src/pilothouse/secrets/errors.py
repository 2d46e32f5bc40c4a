"""What can go wrong with secrets. No message holds a value, or a part of one."""

from __future__ import annotations

from pilothouse.errors import Category, PilothouseError, Severity, Unavailable


class SecretMissing(PilothouseError):
    """A secret is needed and nobody has it."""

    code = "secret_missing"
    category = Category.USER
    severity = Severity.CRITICAL


class SecretInvalid(PilothouseError):
    """A secret is not what it has to be."""

    code = "secret_invalid"
    category = Category.USER
    severity = Severity.CRITICAL


class SecretsUnavailable(Unavailable):
    """A place that keeps secrets does not answer."""

    code = "secrets_unavailable"
    severity = Severity.WARNING


class NotRotatable(PilothouseError):
    """The secret cannot be rotated here."""

    code = "not_rotatable"
    status = 409
    category = Category.USER
    severity = Severity.INFO


class StillNeeded(PilothouseError):
    """An old version of a secret is needed still."""

    code = "secret_still_needed"
    status = 409
    category = Category.USER
    severity = Severity.INFO
