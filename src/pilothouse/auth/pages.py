"""The sign-in page: plain HTML, which works without the console and without any script.

A link is redeemed by a form, so that a mail scanner or a browser that looks ahead does not use it up.
"""

import html
from urllib.parse import urlencode

import structlog
from fastapi import Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pilothouse import forms
from pilothouse.auth.endpoints import address_of, agent_of, keep
from pilothouse.auth.links import PATH
from pilothouse.auth.places import local_path
from pilothouse.auth.schemas import Credentials
from pilothouse.auth.service import Authentications
from pilothouse.auth.sessions import Begun
from pilothouse.errors import InvalidInput, NotFound, PilothouseError
from pilothouse.routing import Endpoints

log = structlog.get_logger(__name__)

LONGEST_TENANT = 63
"""Characters of a tenant's id."""


def sign_in_pages(auth: Authentications) -> Endpoints:
    """The page, its look, and where its form goes."""
    router = Endpoints(include_in_schema=False)

    @router.get("/")
    async def show_home() -> Response:
        """The console, which leads to signing in by itself."""
        return RedirectResponse("/console/", 303)

    @router.get(PATH)
    async def show_sign_in(request: Request) -> Response:
        """The page on which somebody signs in; a link's token is only shown a button for."""
        if token := request.query_params.get("token"):
            return _page(_link_form(token, local_path(request.query_params.get("next"))))
        came = await auth.credentials.session(request)
        if came is not None:
            return _page(_inside(came.name, await auth.csrf.of(came.digest)))
        following = local_path(request.query_params.get("next"))
        return _page(_password_form(auth, following, request.query_params.get("tenant")))

    @router.get(PATH + "/style.css")
    async def show_sign_in_style() -> Response:
        """How the page looks."""
        return forms.style(forms.STYLE)

    @router.post(PATH)
    async def submit_sign_in(request: Request) -> Response:
        """Take the form: the token of a link, or a password."""
        form = await forms.read_form(request)
        if "csrf_token" in form:
            return await _signed_out(auth, request, form["csrf_token"])
        following = local_path(form.get("next"))
        try:
            begun = await _begin(auth, form, request)
        except PilothouseError as error:
            log.info("sign_in_page_refused", code=error.code)
            again = "" if "token" in form else _password_form(auth, following, form.get("tenant_id"))
            return _page(f'<p role="alert">{html.escape(str(error))}</p>{again}', error.status)
        return await _signed_in(auth, begun, following)

    return router


def identity_pages(auth: Authentications) -> Endpoints:
    """Where browsers are sent to the identity provider, and where it sends them back to."""
    router = Endpoints(include_in_schema=False)

    @router.get(PATH + "/identity")
    async def begin_identity(request: Request) -> Response:
        """Send the browser to the identity provider."""
        if auth.identities is None:
            raise NotFound("There is no identity provider.", hint="See docs/guides/sign-in.md.")
        following = request.query_params.get("next")
        try:
            leaving = await auth.identities.begin(following)
        except PilothouseError as error:
            log.warning("identity_provider_away", code=error.code, reason=str(error))
            told = '<p role="alert">The identity provider does not answer as it should. Try again later.</p>'
            return _page(told + _password_form(auth, local_path(following)), error.status)
        response = RedirectResponse(leaving.url, 303)
        auth.cookies.leave(response, leaving.cookie)
        return response

    @router.get(PATH + "/identity/callback")
    async def end_identity(request: Request) -> Response:
        """Take what the identity provider says."""
        if auth.identities is None:
            raise NotFound("There is no identity provider.")
        said = dict(request.query_params)
        try:
            if len(said) != len(request.query_params.multi_items()):
                raise InvalidInput("The answer says something twice.")
            standing, following = await auth.identities.end(said, auth.cookies.identity_of(request))
            instead = auth.cookies.session_of(request)
            begun = await auth.begin(standing, "identity", agent_of(request), instead)
        except PilothouseError as error:
            log.info("identity_page_refused", code=error.code, reason=str(error))
            told = f'<p role="alert">{html.escape(error.message)} {html.escape(error.hint or "")}</p>'
            response: Response = _page(told + _password_form(auth, "/"), error.status)
        else:
            response = await _signed_in(auth, begun, following)
        auth.cookies.back(response)
        return response

    return router


async def _begin(auth: Authentications, form: dict[str, str], request: Request) -> Begun:
    instead = auth.cookies.session_of(request)
    if "token" in form:
        return await auth.by_link(form["token"], agent_of(request), instead)
    said = {name: form[name] for name in ("email", "password", "totp", "tenant_id") if form.get(name)}
    try:
        given = Credentials.model_validate(said)
    except ValidationError:
        raise InvalidInput(
            "Say your e-mail address and your password, and the tenant as its id, such as acme."
        ) from None
    return await auth.by_password(given, address_of(request), agent_of(request), instead)


async def _signed_in(auth: Authentications, begun: Begun, following: str) -> Response:
    response = RedirectResponse(following, 303)
    await keep(auth, begun, response)
    return response


async def _signed_out(auth: Authentications, request: Request, token: str) -> Response:
    """The end of the browser's session, if the form is one that it was shown."""
    came = await auth.credentials.session(request)
    url = None
    if came is not None:
        if not await auth.csrf.fits(came.digest, token):
            return _page('<p role="alert">This form is of another session.</p>', 403)
        url = (await auth.sign_out(came.scope, everywhere=False)).identity_logout_url
    there = (
        "" if url is None else f'<p><a href="{html.escape(url)}">Sign out of your organisation, too</a></p>'
    )
    response = _page(f'<p>You are signed out.</p>{there}<a class="button" href="{PATH}">Sign in</a>')
    auth.cookies.end(response)
    return response


def _link_form(token: str, following: str) -> str:
    return (
        f'<form method="post" action="{PATH}">'
        "<p>This link signs you in as the admin of this installation.</p>"
        f'<input type="hidden" name="token" value="{html.escape(token[:100])}">'
        f'<input type="hidden" name="next" value="{html.escape(following)}">'
        '<button type="submit">Sign in</button></form>'
    )


def _inside(name: str, token: str) -> str:
    return (
        f"<p>You are signed in as {html.escape(name)}.</p>"
        '<p><a class="button" href="/console/">Open the console</a></p>'
        '<p><a href="/api/docs">Documentation of the API</a></p>'
        f'<form method="post" action="{PATH}"><input type="hidden" name="csrf_token" value="{token}">'
        '<button type="submit">Sign out</button></form>'
    )


def _password_form(auth: Authentications, following: str, tenant: str | None = None) -> str:
    target, named = html.escape(following), html.escape((tenant or "")[:LONGEST_TENANT])
    identity = ""
    if auth.identities is not None:
        place = html.escape(f"{PATH}/identity?{urlencode({'next': following})}")
        identity = f'<p><a class="button" href="{place}">Sign in with your organisation</a></p>'
    return (
        f'{identity}<form method="post" action="{PATH}"><input type="hidden" name="next" value="{target}">'
        '<label>E-mail address<input name="email" type="email" autocomplete="username" required></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" '
        "required></label>"
        '<label>Code of the authenticator, if you have one<input name="totp" inputmode="numeric" '
        'autocomplete="one-time-code"></label>'
        '<label>Tenant, if you belong to several<input name="tenant_id" autocomplete="organization" '
        f'autocapitalize="none" spellcheck="false" maxlength="{LONGEST_TENANT}" value="{named}"></label>'
        '<button type="submit">Sign in</button></form>'
    )


def _page(content: str, status: int = 200) -> HTMLResponse:
    return forms.page(content, status, title="Sign in to Pilothouse", look=f"{PATH}/style.css")
