"""What can be wrong with policies."""

from __future__ import annotations

from pilothouse.errors import Faulty


class PolicyInvalid(Faulty):
    """The policies are not valid."""

    code = "policy_invalid"


class PolicyTestsFailed(PolicyInvalid):
    """Tests of the policies fail."""

    code = "policy_tests_failed"
    status = 409
