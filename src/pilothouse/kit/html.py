"""Rich text that a model or a person wrote, made safe to show: some HTML, and nothing that acts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

TAGS = frozenset(
    {
        *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre"),
        *("q", "s", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "tr", "u", "ul", "var"),
    }
)
"""Elements that are kept. Images are not: to load one tells another host who reads the text."""

_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_SCHEMES = {"http", "https", "mailto"}
_WHOLLY_REMOVED = {"script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math"}

LONGEST = 1_000_000
"""Characters of a text that is cleaned."""

LONGEST_MARKDOWN, MOST_LINES = 100_000, 5_000
"""Characters and lines of a Markdown text that is shown: the worst of that size takes seconds of a core."""


def from_markdown(text: str) -> str:
    """Markdown (CommonMark with tables and strikethrough) as HTML that is `clean`, whatever HTML is in it.

    Raises `ValueError` where it is longer than `LONGEST_MARKDOWN` characters or `MOST_LINES` lines.
    """
    if len(text) > LONGEST_MARKDOWN or text.count("\n") > MOST_LINES:
        message = f"has more than {LONGEST_MARKDOWN:,} characters or {MOST_LINES:,} lines"
        raise ValueError(message)
    return clean(_parser().render(text))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def clean(html: str) -> str:
    """`html` with the allowed elements and attributes only; links open without telling where from.

    Styles, classes, ids, event handlers, forms, images, comments and addresses of other schemes than http,
    https and mailto are removed. Cleaning again changes nothing. Raises `ValueError` where it is longer than
    `LONGEST` characters.
    """
    import nh3

    if len(html) > LONGEST:
        message = f"has more than {LONGEST:,} characters"
        raise ValueError(message)
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=_WHOLLY_REMOVED,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
    )
