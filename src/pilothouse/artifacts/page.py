"""A Markdown artifact as a page to read: rich text, and nothing in it that acts, loads or has an origin."""

import asyncio
import html
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.responses import HTMLResponse

from pilothouse.artifacts.names import SANDBOX, media_type
from pilothouse.artifacts.schemas import Artifact
from pilothouse.artifacts.service import Artifacts
from pilothouse.errors import Conflict
from pilothouse.kit.html import LONGEST_MARKDOWN, from_markdown
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints

MOST_BYTES = 4 * LONGEST_MARKDOWN
"""Bytes of an artifact that is shown: a character takes at most four."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #ccd3da; }}
pre, table {{ display: block; overflow-x: auto; }}
blockquote {{ margin: 0; padding: 0 1.2rem; border-left: 4px solid #ccd3da; }}
</style>
</head>
<body>
{text}
</body>
</html>
"""


class NoPage(Conflict):
    """The artifact cannot be shown as a page."""

    code = "no_page"


def page(provide: Callable[..., Awaitable[Artifacts]]) -> Endpoints:
    """The endpoint that shows an artifact as a page; `provide` makes the service for a request."""
    router = Endpoints(prefix="/artifacts", tags=["artifacts"])

    @router.get("/{artifact_id}/page", response_class=HTMLResponse, responses=documented(400, 404, 406, 409))
    async def show_artifact_page(
        artifacts: Annotated[Artifacts, Depends(provide)], artifact_id: UUID
    ) -> HTMLResponse:
        """Show an artifact of Markdown as an HTML page.

        HTML within it is kept where it is harmless; scripts, styles, images and frames are removed. Other
        types, and texts of more than 100,000 characters or 5,000 lines, are `no_page`: read their content.
        """
        artifact = await artifacts.show(artifact_id)
        _check(artifact)
        content = b"".join([piece async for piece in await artifacts.content(artifact, 0, artifact.size)])
        return HTMLResponse(
            await asyncio.to_thread(_written, artifact.name, content),
            headers={"content-security-policy": SANDBOX},
        )

    return router


def _check(artifact: Artifact) -> None:
    if media_type(artifact.media_type) != "text/markdown; charset=utf-8":
        raise NoPage(f"{artifact.name[:100]!r} is {artifact.media_type[:100]} and no Markdown.", hint=_HINT)
    if artifact.size > MOST_BYTES:
        raise NoPage(f"{artifact.name[:100]!r} has more than {MOST_BYTES:,} bytes.", hint=_HINT)


def _written(name: str, content: bytes) -> str:
    """The page; raises `NoPage` for what is too long or no text."""
    try:
        text = from_markdown(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NoPage(f"{name[:100]!r} is no UTF-8 text.", hint=_HINT) from error
    except ValueError as error:
        raise NoPage(f"{name[:100]!r} {error}.", hint=_HINT) from error
    return _PAGE.format(title=html.escape(name), text=text)


_HINT = "Read its content instead."
