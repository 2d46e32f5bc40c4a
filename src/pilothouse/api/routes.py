"""All endpoints below /api/v1."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import Depends

from pilothouse.agents.endpoints import routes as agent_routes
from pilothouse.agents.service import AgentCatalogue
from pilothouse.api.belonging import belonging, tenants_of
from pilothouse.api.chatting import chatting_of
from pilothouse.api.experimenting import experimenting
from pilothouse.api.governing import governing
from pilothouse.api.keeping import keeping
from pilothouse.api.operating import audit_exports, auditing, notifying, operating
from pilothouse.api.parts import Parts
from pilothouse.api.prompting import prompting
from pilothouse.api.services import services_of
from pilothouse.api.uploading import uploaded_of, uploading
from pilothouse.artifacts.endpoints import content as artifact_content
from pilothouse.artifacts.endpoints import routes as artifact_routes
from pilothouse.artifacts.page import page as artifact_page
from pilothouse.audit import endpoints as audit_endpoints
from pilothouse.inbox.endpoints import routes as question_routes
from pilothouse.inbox.pages import decision_endpoints
from pilothouse.protocols.http.negotiation import answers_with
from pilothouse.routing import Endpoints
from pilothouse.runs import endpoints as run_endpoints
from pilothouse.runs import live_endpoints
from pilothouse.runs.operation_endpoints import operating_on_many, operating_on_one
from pilothouse.runs.schemas import TemplateSummary
from pilothouse.runs.workflows import WorkflowCatalogue
from pilothouse.schedules.endpoints import routes as schedule_routes
from pilothouse.tenants import endpoints as tenant_endpoints
from pilothouse.uploads import endpoints as upload_endpoints


def routes(parts: Parts) -> Iterator[tuple[Endpoints, Sequence[Any]]]:
    """The endpoints, each with what is looked at first; most are told as JSON, others as streams or files."""
    of = services_of(parts)
    told_as_json = [Depends(answers_with("application/json"), use_cache=False)]
    told_live = [Depends(answers_with("text/event-stream"), use_cache=False)]
    chats = chatting_of(parts, of)
    for router in (
        operating_on_many(of.operations),
        operating_on_one(of.operations, of.moving, of.showing),
        run_endpoints.showing(of.showing),
        run_endpoints.reading(of.runs),
        run_endpoints.moving(of.moving),
        decision_endpoints(parts.reach.links),
        question_routes(of.questions),
        artifact_routes(of.artifacts),
        *_describing(parts),
        schedule_routes(of.schedules),
        *governing(parts),
        *experimenting(parts),
        prompting(parts),
        notifying(parts),
        *operating(parts),
        *auditing(parts),
        *belonging(parts),
        *uploading(parts),
        keeping(parts),
        *chats.told,
    ):
        yield router, told_as_json
    yield live_endpoints.following(parts.live), told_live
    yield chats.live, told_live
    yield parts.sockets.routes(), ()
    yield artifact_content(of.artifacts), ()
    yield artifact_page(of.artifacts), [Depends(answers_with("text/html"), use_cache=False)]
    yield upload_endpoints.content(uploaded_of(parts)), ()
    yield audit_endpoints.exporting(audit_exports(parts)), ()
    yield tenant_endpoints.files(tenants_of(parts), parts.pilothouse.artifacts), ()


def _describing(parts: Parts) -> Iterator[Endpoints]:
    """What is installed in this process."""
    apps = parts.pilothouse.apps
    owners = {workflow.name: app.name for app in apps for workflow in app.workflows}
    templates = [
        TemplateSummary(app=app.name, **template.model_dump()) for app in apps for template in app.templates
    ]
    workflows = parts.pilothouse.engine.workflows
    yield run_endpoints.describing(WorkflowCatalogue(workflows, owners, templates))
    yield agent_routes(AgentCatalogue((app.name, agent) for app in apps for agent in app.agents))
