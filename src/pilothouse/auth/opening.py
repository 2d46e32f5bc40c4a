"""Opens what a server has for signing in."""

from __future__ import annotations

import datetime as dt

from pilothouse.auth.cookies import Cookies
from pilothouse.auth.credentials import Credentials, Keys
from pilothouse.auth.csrf import Csrf
from pilothouse.auth.grants import Grants
from pilothouse.auth.identities import Identities, Mapped
from pilothouse.auth.links import SignInLinks
from pilothouse.auth.provider import Client, Provider
from pilothouse.auth.service import Authentications
from pilothouse.auth.sessions import Lasting, Sessions
from pilothouse.auth.tokens import Tokens
from pilothouse.errors import SettingsInvalid
from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.origin import Origin, is_local, origin_of
from pilothouse.kit.outgoing import Guard, GuardedClient
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database
from pilothouse.people.service import SignIn
from pilothouse.settings import Settings

ISSUER = "pilothouse"
"""Of access tokens where there is no public address."""


def open_authentications(
    settings: Settings,
    database: Database,
    sign_in: SignIn,
    secrets: SecretSource,
    keys: Keys | None,
    *,
    ids: Ids,
    clock: Clock | None = None,
) -> Authentications:
    """Wire them over `database`, by the settings."""
    clock, origin = clock or SystemClock(), origin_of(settings)
    lasting = Lasting(
        idle=dt.timedelta(seconds=settings.session_idle),
        longest=dt.timedelta(seconds=settings.session_longest),
        program=dt.timedelta(seconds=settings.refresh_longest),
    )
    sessions = Sessions(database, sign_in, lasting, clock, ids)
    tokens, csrf = Tokens(secrets, issuer_of(settings), clock), Csrf(secrets)
    cookies = Cookies(secure=origin.startswith("https://"))
    outgoing, identities = GuardedClient(Guard(settings.outgoing_private)), None
    if settings.oidc_issuer is not None and settings.oidc_client_id is not None:
        _insist_on_address(settings)
        client = Client(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_scopes)
        confidential = settings.oidc_client == "confidential"
        identities = Identities(
            Provider(client, outgoing, secrets, clock, secret=confidential),
            Mapped(
                settings.oidc_groups_claim,
                settings.oidc_roles,
                settings.oidc_tenant,
                settings.oidc_tenant_claim,
            ),
            sign_in,
            database,
            secrets,
            clock=clock,
            origin=origin,
        )
    return Authentications(
        sign_in=sign_in,
        sessions=sessions,
        tokens=tokens,
        grants=Grants(database, sign_in, sessions, tokens, clock),
        links=SignInLinks(database, clock),
        csrf=csrf,
        cookies=cookies,
        credentials=Credentials(
            keys,
            tokens,
            sessions,
            csrf,
            cookies,
            secrets,
            local=is_local(settings),
        ),
        identities=identities,
        outgoing=outgoing,
        origin=origin,
    )


def issuer_of(settings: Settings) -> str:
    """As whom access tokens are issued: the same in all processes, at whatever ports they listen."""
    return settings.public_url.rstrip("/") if settings.public_url is not None else ISSUER


def _insist_on_address(settings: Settings) -> None:
    if not Origin(settings).is_known:
        raise SettingsInvalid(
            "oidc_issuer needs public_url: the provider sends browsers back to one known address.",
            hint="Set it to what browsers open, such as https://pilothouse.example.com.",
        )
