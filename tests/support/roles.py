"""What each role may do, written down by hand: what the policies say is compared with it."""

from __future__ import annotations

READ = {
    *("runs:read", "artifacts:read", "questions:read", "catalogue:read", "schedules:read"),
    *("retention:read", "jobs:read", "engagements:read", "tenant:read", "uploads:read", "self:use"),
    *("policies:read", "budgets:read", "usage:read", "switches:read", "guards:read"),
    *("experiments:read", "feedback:read", "prompts:read", "models:read"),
}
ALLOWED: dict[str, set[str]] = {
    "viewer": READ,
    "operator": READ
    | {"runs:submit", "models:use", "runs:operate", "questions:answer", "schedules:manage", "content:write"}
    | {"switches:throw", "notifications:read", "experiments:stop", "feedback:give", "chats:manage"},
    "approver": READ | {"questions:answer", "feedback:give"},
    "approver:finance": READ | {"questions:answer", "feedback:give"},
    "approver:privacy": READ | {"questions:answer", "personal:read", "feedback:give"},
    "author": READ
    | {"runs:submit", "models:use", "schedules:manage", "content:write", "feedback:give", "prompts:manage"},
    "admin": READ
    | {"runs:submit", "models:use", "runs:operate", "questions:answer", "schedules:manage", "content:write"}
    | {
        "retention:manage",
        "engagements:manage",
        "people:manage",
        "keys:manage",
        "policies:manage",
        "prompts:manage",
    }
    | {"audit:read", "audit:export", "audit:manage"}
    | {"budgets:manage", "switches:throw", "switches:manage", "models:manage", "personal:read"}
    | {"notifications:read", "notifications:manage"}
    | {"experiments:manage", "experiments:stop", "feedback:give", "chats:manage"},
}
"""The permissions of each role in its tenant."""

HOME_ALLOWED: dict[str, set[str]] = {
    "operator": {"installation:read"},
    "admin": {"installation:read", "installation:operate", "tenants:manage"},
}
"""What they have besides in the home tenant."""
