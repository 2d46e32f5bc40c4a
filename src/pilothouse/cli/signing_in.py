"""`pilothouse sign-in`, and the credential by which commands come to a server of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from pilothouse.app import data_folder
from pilothouse.auth.local import LOCAL
from pilothouse.errors import InvalidInput
from pilothouse.secrets.opening import FOLDER
from pilothouse.secrets.providers.files import Files
from pilothouse.settings import Settings, is_loopback

if TYPE_CHECKING:
    from pilothouse.cli.opening import Options


async def credential_for(url: str, settings: Settings) -> str | None:
    """What a command sends to the server at `url`: the API key that is set, or this machine's token.

    The token goes to loopback only; None where its file is not there, because no server was started here.
    """
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    if not is_loopback((urlsplit(url).hostname or "").strip("[]")):
        return None
    held = await Files(data_folder(settings) / FOLDER).read("local_token")
    return LOCAL + held[0].raw.strip().decode() if held else None


def sign_in(common: dict[str, Any], url: str | None) -> None:
    """Print a link that signs in the first admin, once."""
    from pilothouse.cli import opening

    typer.echo(opening.run(lambda: link(opening.Options(**common), url)))


async def link(options: Options, url: str | None, following: str | None = None) -> str:
    """A link that signs in the first admin at the server at `url`, and leads on to the path `following`."""
    from pilothouse.auth.service import SignInLinks
    from pilothouse.cli.opening import on_this_machine
    from pilothouse.kit.clock import SystemClock
    from pilothouse.kit.origin import Origin

    settings = options.settings()
    if url is None and settings.public_url is None and settings.port == 0:
        raise InvalidInput("The server's port is not known.", hint="Say its address with --url.")
    async with on_this_machine(options) as here:
        return await SignInLinks(here.database, SystemClock()).new(url or Origin(settings).url(), following)
