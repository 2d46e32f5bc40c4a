"""The page of a link that decides an action: plain HTML that shows it, and a form that decides.

Looking at it never decides anything: programs that scan mail open every link.
"""

import html
from typing import Literal

import structlog
from fastapi import Request
from starlette.responses import HTMLResponse, Response

from pilothouse import forms
from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.inbox.by_link import ActionLinks, Shown
from pilothouse.inbox.links import PATH
from pilothouse.inbox.schemas import Decided, IntendedAction, LinkDecision
from pilothouse.kit.canonical import to_json
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints

log = structlog.get_logger(__name__)

STYLE = (
    f"{forms.STYLE}main{{max-width:40rem;margin:6vh auto}}dt{{font-weight:600;margin-top:.7rem}}dd{{margin:0;"
    "overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f6f8;padding:.7rem;"
    "border-radius:4px}button.refuse{background:#a01c1c}"
)
LONGEST_REASON = 1_000


def decision_pages(links: ActionLinks) -> Endpoints:
    """The page, its look, and where its form goes."""
    router = Endpoints(include_in_schema=False)

    @router.get(PATH)
    async def show_decision(request: Request) -> Response:
        """Show what a link is about, with a form that decides."""
        token = request.query_params.get("token", "")
        try:
            return _page(_form(token, await links.show(token)))
        except PilothouseError as error:
            return _refused(error)

    @router.get(PATH + "/style.css")
    async def show_decision_style() -> Response:
        """How the page looks."""
        return forms.style(STYLE)

    @router.post(PATH)
    async def submit_decision(request: Request) -> Response:
        """Take the form."""
        try:
            form = await forms.read_form(request)
            reason = form.get("reason", "")
            if len(reason) > LONGEST_REASON:
                raise InvalidInput(f"The reason has more than {LONGEST_REASON:,} characters.")
            done = await links.decide_seen(
                form.get("token", ""), form.get("seen", ""), form.get("digest", ""), _verdict(form), reason
            )
        except PilothouseError as error:
            return _refused(error)
        said = "approved" if done.verdict == "approve" else "refused"
        return _page(f'<p role="status">The action was {said}.</p><p>This link is used up.</p>')

    return router


def decision_endpoints(links: ActionLinks) -> Endpoints:
    """What other systems send with a link's token."""
    router = Endpoints(prefix="/links", tags=["questions"])

    @router.post("/decide", responses=documented(400, 403, 404, 409, 410))
    async def decide_by_link(given: LinkDecision) -> Decided:
        """Decide the action of a link, once, as the person whom it is for. It needs no other credential."""
        return await links.decide(given)

    return router


def _verdict(form: dict[str, str]) -> Literal["approve", "refuse"]:
    match form.get("verdict"):
        case "approve":
            return "approve"
        case "refuse":
            return "refuse"
        case _:
            raise InvalidInput("Approve or refuse.")


def _refused(error: PilothouseError) -> HTMLResponse:
    log.info("decision_page_refused", code=error.code)
    if error.status >= 500:
        told = '<p role="alert">Pilothouse does not answer as it should. Try again later.</p>'
        return _page(told, error.status)
    return _page(f'<p role="alert">{html.escape(str(error))}</p>', error.status)


def _form(token: str, shown: Shown) -> str:
    action, question = shown.action, shown.question
    hidden = {"token": token, "seen": shown.seen, "digest": action.digest}
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in hidden.items()
    )
    ends = f"{shown.expires_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"<p>{html.escape(question.prompt)} {html.escape(question.why)}</p><dl>{_told(action)}</dl>"
        f'<form method="post" action="{PATH}">{fields}'
        f'<label>Reason, for the record<input name="reason" maxlength="{LONGEST_REASON}" '
        'autocomplete="off"></label>'
        '<button name="verdict" value="approve">Approve</button>'
        '<button class="refuse" name="verdict" value="refuse">Refuse</button></form>'
        f"<p>This link decides once, until {ends}, as {html.escape(shown.addressee)}.</p>"
    )


def _told(action: IntendedAction) -> str:
    facts = {
        "Tool": action.tool,
        "Cost": "none" if action.cost is None else str(action.cost),
        "Reasons": " ".join(action.reasons) or "none",
        "Workflow": action.workflow,
        "Asked for by": action.principal or "nobody by name",
        "Data from outside": ", ".join(action.marks) or "no marks",
        "Digest": action.digest,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    arguments = html.escape(to_json(action.arguments).decode())
    changes = "".join(
        f"<li>{html.escape(one.where)}: {html.escape(to_json(one.before).decode())} became "
        f"{html.escape(to_json(one.after).decode())}</li>"
        for one in action.changes
    )
    changed = f"<dt>Changed since the version before</dt><dd><ul>{changes}</ul></dd>" if changes else ""
    return f"<dt>Arguments</dt><dd><pre>{arguments}</pre></dd>{changed}{rows}"


def _page(content: str, status: int = 200) -> HTMLResponse:
    return forms.page(content, status, title="An action to decide", look=f"{PATH}/style.css")
