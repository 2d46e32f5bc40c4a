"""What each role may do, written down by hand: what the policies say is compared with it."""

from __future__ import annotations

READ = {
    *("runs:read", "artifacts:read", "questions:read", "catalogue:read", "schedules:read"),
    *("retention:read", "jobs:read", "engagements:read", "tenant:read", "uploads:read", "self:use"),
    *("policies:read", "budgets:read", "switches:read", "guards:read"),
}
ALLOWED: dict[str, set[str]] = {
    "viewer": READ,
    "operator": READ
    | {"runs:submit", "runs:operate", "questions:answer", "schedules:manage", "content:write"}
    | {"switches:throw", "notifications:read"},
    "approver": READ | {"questions:answer"},
    "approver:finance": READ | {"questions:answer"},
    "approver:privacy": READ | {"questions:answer", "personal:read"},
    "author": READ | {"runs:submit", "schedules:manage", "content:write"},
    "admin": READ
    | {"runs:submit", "runs:operate", "questions:answer", "schedules:manage", "content:write"}
    | {"retention:manage", "engagements:manage", "people:manage", "keys:manage", "policies:manage"}
    | {"audit:read", "audit:export", "audit:manage"}
    | {"budgets:manage", "switches:throw", "switches:manage", "personal:read"}
    | {"notifications:read", "notifications:manage"},
}
"""The permissions of each role in its tenant."""

HOME_ALLOWED: dict[str, set[str]] = {
    "operator": {"installation:read"},
    "admin": {"installation:read", "installation:operate", "tenants:manage"},
}
"""What they have besides in the home tenant."""
