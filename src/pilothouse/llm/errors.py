"""What can go wrong with models."""

from __future__ import annotations

from pilothouse.errors import Category, NotFound, PilothouseError, Severity


class ModelUnknown(NotFound):
    """No model has this name."""

    code = "model_unknown"


class ProviderFailed(PilothouseError):
    """A provider of models did not answer, or with an error of its own.

    `retry_after` are the seconds after which it wants to be asked again, where it says so.
    """

    code = "provider_failed"
    status = 502
    category = Category.EXTERNAL
    severity = Severity.WARNING
    retryable = True

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, retry_after: float | None = None
    ) -> None:
        """Keep when a retry may help."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class ProviderBusy(ProviderFailed):
    """A provider of models has been asked too often."""

    code = "provider_busy"
    status = 429


class StreamCut(ProviderFailed):
    """An answer broke off after a part of it had been shown: it cannot be asked for again unseen."""

    code = "stream_cut"
    retryable = False


class ProviderRefused(PilothouseError):
    """A provider of models refused the request, as it would at each attempt, and others would as well."""

    code = "provider_refused"
    status = 400
    category = Category.EXTERNAL
    severity = Severity.WARNING


class ProviderClosed(PilothouseError):
    """A provider does not let us in, or does not have the model."""

    code = "provider_closed"
    status = 502
    category = Category.EXTERNAL
    severity = Severity.ERROR


class ProviderMissing(PilothouseError):
    """What a provider of models needs is not installed."""

    code = "provider_missing"
    category = Category.USER


class AnswerInvalid(PilothouseError):
    """A model's answer is not valid, also after it was shown what is wrong with it."""

    code = "answer_invalid"
    category = Category.EXTERNAL
    severity = Severity.WARNING


class TooManyRequests(PilothouseError):
    """A model was asked as often as it may be for one answer, and gave none."""

    code = "too_many_model_requests"
    category = Category.EXTERNAL
    severity = Severity.WARNING
