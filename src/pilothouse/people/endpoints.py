"""People over HTTP: for their admins, for themselves, and for those who come by a link."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.problems import documented
from pilothouse.people.administration import People
from pilothouse.people.myself import Myself
from pilothouse.people.redeeming import Redeeming
from pilothouse.people.schemas import (
    Acceptance,
    CodeGiven,
    Confirmation,
    Enrolment,
    Invite,
    Linked,
    Me,
    PasswordChange,
    PasswordReset,
    Person,
    RecoveryCodes,
    RecoveryRequest,
    Removal,
    Reset,
    RolesEdit,
    SelfEdit,
)
from pilothouse.routing import Endpoints


def managing(provide: Callable[..., Awaitable[People]]) -> Endpoints:
    """Endpoints for those who look after people; `provide` makes the service for a request."""
    router = Endpoints(prefix="/users", tags=["people"])
    Provided = Annotated[People, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_people(people: Provided, query: Annotated[PageQuery, Query()]) -> Page[Person]:
        """List the people of the tenant, the newest first."""
        return await people.page(query)

    @router.post("", status_code=201, responses=documented(400, 403, 409, 503))
    async def invite_person(people: Provided, invite: Invite, request: Request, response: Response) -> Linked:
        """Invite somebody. The link is sent by e-mail, or shown here where no mail is set up."""
        invited = await people.invite(invite)
        response.headers["location"] = f"{request.url.path}/{invited.person.id}"
        return invited

    @router.get("/{person_id}", responses=documented(400, 404))
    async def show_person(people: Provided, person_id: UUID) -> Person:
        """Show a person."""
        return await people.show(person_id)

    @router.post("/{person_id}/disable", responses=documented(400, 403, 404, 409))
    async def disable_person(people: Provided, person_id: UUID) -> Person:
        """Disable a person: all sessions end. The last admin of a tenant stays."""
        return await people.disable(person_id)

    @router.post("/{person_id}/enable", responses=documented(400, 403, 404))
    async def enable_person(people: Provided, person_id: UUID) -> Person:
        """Enable a person who was disabled."""
        return await people.enable(person_id)

    @router.post("/{person_id}/reset", responses=documented(400, 403, 404, 409, 503))
    async def reset_person(people: Provided, person_id: UUID, reset: Reset) -> Linked:
        """End a person's password and sessions, and make a link with which to choose another password."""
        return await people.reset(person_id, reset)

    @router.put("/{person_id}/roles", responses=documented(400, 403, 404, 409))
    async def set_person_roles(people: Provided, person_id: UUID, edit: RolesEdit) -> Person:
        """Replace a person's roles. Nobody gives roles that they do not have."""
        return await people.set_roles(person_id, edit)

    return router


def oneself(provide: Callable[..., Awaitable[Myself]]) -> Endpoints:
    """Endpoints for who asks; `provide` makes the service for a request."""
    router = Endpoints(prefix="/me", tags=["people"])
    Provided = Annotated[Myself, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(404))
    async def show_me(myself: Provided) -> Me:
        """Tell who asks, and what that one may do."""
        return await myself.show()

    @router.patch("", responses=documented(400, 404))
    async def edit_me(myself: Provided, edit: SelfEdit) -> Person:
        """Change one's own name or locale."""
        return await myself.edit(edit)

    @router.put("/password", status_code=204, responses=documented(400, 403, 404, 409, 429, 503))
    async def change_password(myself: Provided, change: PasswordChange) -> None:
        """Change one's own password. All sessions end, this one, too."""
        await myself.change_password(change)

    @router.post("/totp", responses=documented(400, 403, 404, 409, 429, 503))
    async def enrol_totp(myself: Provided, confirmation: Confirmation) -> Enrolment:
        """Begin with an authenticator (RFC 6238). It is asked for once it was confirmed."""
        return await myself.enrol(confirmation)

    @router.post("/totp/confirm", responses=documented(400, 403, 404, 409, 429))
    async def confirm_totp(myself: Provided, given: CodeGiven) -> RecoveryCodes:
        """Confirm the authenticator by a code that it shows. The recovery codes are shown only here."""
        return await myself.confirm(given)

    @router.post("/totp/remove", status_code=204, responses=documented(400, 403, 404, 409, 429, 503))
    async def remove_totp(myself: Provided, removal: Removal) -> None:
        """Do without an authenticator again."""
        await myself.remove(removal)

    return router


def redeeming(provide: Callable[..., Awaitable[Redeeming]]) -> Endpoints:
    """Endpoints for those who have not signed in; who has done what they say signs in next."""
    router = Endpoints(prefix="/auth", tags=["sign-in"])
    Provided = Annotated[Redeeming, Depends(provide)]  # noqa: N806 - a type

    @router.post("/accept-invitation", status_code=204, responses=documented(400, 503))
    async def accept_invitation(links: Provided, acceptance: Acceptance) -> None:
        """Accept an invitation by choosing a password."""
        await links.accept_invitation(acceptance)

    @router.post("/recovery", status_code=202, responses=documented(400))
    async def request_recovery(links: Provided, request: RecoveryRequest) -> None:
        """Ask for a link with which to choose a new password. The answer is the same for any address."""
        await links.request_recovery(request)

    @router.post("/reset-password", status_code=204, responses=documented(400, 503))
    async def reset_password(links: Provided, reset: PasswordReset) -> None:
        """Choose a new password by a link that was sent."""
        await links.reset_password(reset)

    return router
