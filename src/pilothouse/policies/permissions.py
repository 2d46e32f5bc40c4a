"""What each operation of the API needs: the permission that a principal has to have, by the operation's name.

The server does not start where an operation has no entry, so that nothing is open by oversight. Roles and
what they permit are the rules of `roles.cedar`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        # runs, and what they made
        "list_runs": "runs:read",
        "show_run": "runs:read",
        "show_statistics": "runs:read",
        "show_histogram": "runs:read",
        "show_trace": "runs:read",
        "read_journal": "runs:read",
        "list_cards": "runs:read",
        "follow_run": "runs:read",
        "follow_runs": "runs:read",
        "connect": "runs:read",  # the WebSocket
        "_not_to_be_read": "runs:read",  # says that nothing is to be read at the path of an order
        "submit_run": "runs:submit",
        "cancel_run": "runs:operate",
        "cancel_runs": "runs:operate",
        "retry_run": "runs:operate",
        "retry_runs": "runs:operate",
        "move_runs": "runs:operate",
        "fork_run": "runs:operate",
        "label_run": "runs:operate",
        "list_artifacts": "artifacts:read",
        "show_artifact": "artifacts:read",
        "read_content": "artifacts:read",
        "show_artifact_page": "artifacts:read",
        "list_uploads": "uploads:read",
        "show_upload": "uploads:read",
        "read_upload": "uploads:read",
        "create_upload": "content:write",
        "delete_upload": "content:write",
        "list_questions": "questions:read",
        "show_question": "questions:read",
        "answer_question": "questions:answer",
        "approve_action": "questions:answer",
        "refuse_action": "questions:answer",
        "edit_action": "questions:answer",
        "delegate_action": "questions:answer",
        "list_workflows": "catalogue:read",
        "show_workflow": "catalogue:read",
        "list_templates": "catalogue:read",
        "list_agents": "catalogue:read",
        # schedules
        "list_schedules": "schedules:read",
        "show_schedule": "schedules:read",
        "list_schedule_runs": "schedules:read",
        "preview_schedule": "schedules:read",
        "create_schedule": "schedules:manage",
        "edit_schedule": "schedules:manage",
        "delete_schedule": "schedules:manage",
        "pause_schedule": "schedules:manage",
        "resume_schedule": "schedules:manage",
        "trigger_schedule": "schedules:manage",
        # policies about actions
        "list_policy_versions": "policies:read",
        "show_policy_state": "policies:read",
        "show_policy_schema": "policies:read",
        "list_policy_changes": "policies:read",
        "list_decisions": "policies:read",
        "show_policy_version": "policies:read",
        "check_policies": "policies:read",
        "test_policies": "policies:read",
        "simulate_policies": "policies:manage",
        "explain_action": "policies:read",
        "draft_policies": "policies:manage",
        "activate_policies": "policies:manage",
        "roll_policies_back": "policies:manage",
        "shadow_policies": "policies:manage",
        # prompts
        "list_prompts": "prompts:read",
        "show_prompt": "prompts:read",
        "list_prompt_versions": "prompts:read",
        "show_prompt_version": "prompts:read",
        "show_prompt_label": "prompts:read",
        "list_prompt_moves": "prompts:read",
        "diff_prompt": "prompts:read",
        "render_prompt": "prompts:read",
        "test_prompt": "prompts:read",
        "create_prompt_version": "prompts:manage",
        "move_prompt_label": "prompts:manage",
        "remove_prompt_label": "prompts:manage",
        "roll_prompt_back": "prompts:manage",
        # retention
        "list_retention_rules": "retention:read",
        "estimate_retention": "retention:read",
        "apply_retention": "retention:manage",
        "put_retention_rule": "retention:manage",
        "remove_retention_rule": "retention:manage",
        # the audit log
        "list_audit_entries": "audit:read",
        "show_audit_entry": "audit:read",
        "prove_audit_entry": "audit:read",
        "list_audit_heads": "audit:read",
        "sign_audit_head": "audit:read",
        "prove_audit_consistency": "audit:read",
        "show_audit_key": "audit:read",
        "show_audit_retention": "audit:read",
        "export_audit": "audit:export",
        "put_audit_retention": "audit:manage",
        "make_audit_hold": "audit:manage",
        "release_audit_hold": "audit:manage",
        # guards, and what their placeholders stand for
        "show_guards": "guards:read",
        "scan_text": "guards:read",
        "show_restored_run": "personal:read",
        "restore_value": "personal:read",
        # budgets and switches
        "list_budgets": "budgets:read",
        "show_budget": "budgets:read",
        "show_budget_usage": "budgets:read",
        "show_budget_forecast": "budgets:read",
        "list_budget_alerts": "budgets:read",
        "create_budget": "budgets:manage",
        "change_budget": "budgets:manage",
        "delete_budget": "budgets:manage",
        "report_usage": "usage:read",
        "list_calls": "usage:read",
        "list_kills": "switches:read",
        "list_degradations": "switches:read",
        "list_flags": "switches:read",
        "kill": "switches:throw",
        "unkill": "switches:throw",
        "restore_agent": "switches:throw",
        "set_flag": "switches:manage",
        "remove_flag": "switches:manage",
        # experiments, and what people say of results
        "list_experiments": "experiments:read",
        "show_experiment": "experiments:read",
        "create_experiment": "experiments:manage",
        "start_experiment": "experiments:manage",
        "set_experiment_weights": "experiments:manage",
        "advance_experiment": "experiments:manage",
        "conclude_experiment": "experiments:manage",
        "stop_experiment": "experiments:stop",
        "stop_experiment_arm": "experiments:stop",
        "give_feedback": "feedback:give",
        "list_feedback": "feedback:read",
        "list_version_feedback": "feedback:read",
        # models
        "list_models": "models:read",
        "set_model_alias": "models:manage",
        "unset_model_alias": "models:manage",
        "clear_model_answers": "models:manage",
        # notifications
        "list_targets": "notifications:manage",
        "show_target": "notifications:manage",
        "add_target": "notifications:manage",
        "remove_target": "notifications:manage",
        "enable_target": "notifications:manage",
        "rotate_target_secret": "notifications:manage",
        "test_target": "notifications:manage",
        "list_deliveries": "notifications:read",
        # the tenant, its projects, its people and its keys
        "show_own_tenant": "tenant:read",
        "list_engagements": "engagements:read",
        "show_engagement": "engagements:read",
        "create_engagement": "engagements:manage",
        "rename_engagement": "engagements:manage",
        "close_engagement": "engagements:manage",
        "reopen_engagement": "engagements:manage",
        "delete_engagement": "engagements:manage",
        "list_people": "people:manage",
        "show_person": "people:manage",
        "invite_person": "people:manage",
        "disable_person": "people:manage",
        "enable_person": "people:manage",
        "reset_person": "people:manage",
        "set_person_roles": "people:manage",
        "list_keys": "keys:manage",
        "show_key": "keys:manage",
        "create_key": "keys:manage",
        "rotate_key": "keys:manage",
        "revoke_key": "keys:manage",
        "set_key_models": "keys:manage",
        # answers of models that are kept for a while
        "show_model_cache": "models:read",
        "clear_model_cache": "models:manage",
        # oneself: whoever has signed in, whatever the roles
        "show_me": "self:use",
        "list_roles": "self:use",
        "edit_me": "self:use",
        "change_password": "self:use",
        "enrol_totp": "self:use",
        "confirm_totp": "self:use",
        "remove_totp": "self:use",
        "show_session": "self:use",
        "sign_out": "self:use",
        "sign_out_everywhere": "self:use",
        "list_own_sessions": "self:use",
        "end_own_session": "self:use",
        # customers who chat
        "make_chat_link": "chats:manage",
        "list_chat_links": "chats:manage",
        "revoke_chat_link": "chats:manage",
        # one tenant as a whole: its own people may look, and the installation's admins do the rest
        "show_tenant": "tenant:read",
        "list_tenant_jobs": "jobs:read",
        "show_tenant_job": "jobs:read",
        "list_tenants": "tenants:manage",
        "create_tenant": "tenants:manage",
        "change_tenant": "tenants:manage",
        "suspend_tenant": "tenants:manage",
        "resume_tenant": "tenants:manage",
        "export_tenant": "tenants:manage",
        "erase_tenant": "tenants:manage",
        "download_tenant_export": "tenants:manage",
        # the installation
        "list_limits": "installation:read",
        "list_workers": "installation:read",
        "list_attestations": "installation:read",
        "make_attestation": "installation:operate",
        "withdraw_attestation": "installation:operate",
        "detail": "installation:read",
        "show_metrics": "installation:read",
        "list_breakers": "installation:read",
        "show_breaker": "installation:read",
        "override_breaker": "installation:operate",
        "reset_breaker": "installation:operate",
        "set_limit": "installation:operate",
        "remove_limit": "installation:operate",
    }
)
"""The permission for each operation, by the name of its function; a HEAD variant has the one of its GET."""

CUSTOMERS = frozenset(
    {
        "show_chat_session",
        "end_chat",
        "list_conversations",
        "start_conversation",
        "show_conversation",
        "send_chat_message",
        "follow_conversation",
    }
)
"""What customers who chat ask for: the cookie of a chat says who they are, and no other credential counts."""

PUBLIC = CUSTOMERS | frozenset(
    {
        "live",
        "ready",
        "openapi",
        # the API's own documentation: files of the package
        "show_documentation",
        "read_documentation_part",
        # the console: files of the package; all that it shows it asks the API for
        "show_console_root",
        "show_console",
        "read_console_asset",
        "read_console_icon",
        # the page on which customers chat, and how they come in
        "show_chat",
        "begin_chat",
        # whoever comes by a link that was sent
        "show_link_page",
        "read_link_page_part",
        "accept_invitation",
        # the signed link says who decides about which action
        "show_decision",
        "show_decision_style",
        "submit_decision",
        "decide_by_link",
        # signing in: nobody has yet
        "sign_in",
        "issue_token",
        "revoke_token",
        "show_signing_keys",
        "show_home",
        "show_sign_in",
        "show_sign_in_style",
        "submit_sign_in",
        "begin_identity",
        "end_identity",
        "request_recovery",
        "reset_password",
    }
)
"""What is served without any credential, or by one that only its own endpoints look at."""

INSTALLATION = frozenset({"installation:read", "installation:operate", "tenants:manage"})
"""What concerns more than one tenant: for those of the home tenant only."""

GATEWAY: Mapping[str, str] = MappingProxyType(
    {
        "create_chat_completion": "models:use",
        "create_response": "models:use",
        "create_embedding": "models:use",
        "create_message": "models:use",
        "converse": "models:use",
        "converse_stream": "models:use",
        "list_usable_models": "models:use",
        "show_model": "models:use",
    }
)
"""As `OPERATIONS`, for what clients of models ask below /v1."""

PERMISSIONS = frozenset(OPERATIONS.values()) | frozenset(GATEWAY.values()) | {"content:write"}
"""Every permission that there is."""


def is_public(operation: str) -> bool | None:
    """Whether an operation is served without any credential; None for the empty name: there is none."""
    return operation.removeprefix("head_") in PUBLIC if operation else None
