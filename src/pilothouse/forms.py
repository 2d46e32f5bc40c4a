"""Plain HTML pages with forms, which work without the console and without any script."""

from __future__ import annotations

import html
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from pilothouse.errors import InvalidInput

MOST_BYTES = 16_384
"""Bytes of a form."""

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1b2430;background:#f5f6f8;margin:0}"
    "main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:8px;"
    "box-shadow:0 1px 4px #0002}h1{font-size:1.3rem;margin:0 0 1rem}label{display:block;margin:.7rem 0}"
    "input{display:block;box-sizing:border-box;width:100%;padding:.5rem;font:inherit;"
    "border:1px solid #8a94a3;"
    "border-radius:4px}button,.button{display:block;box-sizing:border-box;width:100%;margin-top:1rem;"
    "padding:.6rem;font:inherit;text-align:center;text-decoration:none;color:#fff;background:#1f5fa8;border:0;"
    "border-radius:4px;cursor:pointer}[role=alert]{color:#a01c1c}"
)
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each once; raises `InvalidInput`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != (
        "application/x-www-form-urlencoded"
    ):
        raise InvalidInput("This is no form.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise InvalidInput(f"The form is larger than {MOST_BYTES} bytes.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError:
        raise InvalidInput("The form makes no sense.") from None
    if len(dict(pairs)) != len(pairs):
        raise InvalidInput("The form says something twice.")
    return dict(pairs)


def style(text: str) -> Response:
    """The style sheet of a page."""
    return Response(text, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


def page(content: str, status: int = 200, *, title: str, look: str) -> HTMLResponse:
    """A page with `content`, which is HTML; its style sheet is at `look`. Nobody keeps or frames it."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex"><link rel="stylesheet" href="{look}"></head>'
        f"<body><main><h1>Pilothouse</h1>{content}</main></body></html>"
    )
    headers = {
        "content-security-policy": POLICY,
        "referrer-policy": "same-origin",  # with no-referrer browsers say "Origin: null" of our own form
        "cache-control": "no-store",
        "x-frame-options": "DENY",
    }
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return HTMLResponse(text, status, headers)
