"""The little of Markdown that descriptions are written in, as HTML: paragraphs, tables, strong words and code."""

from __future__ import annotations

import re

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

CODE, STRONG = re.compile(r"`([^`]+)`"), re.compile(r"\*\*([^*]+)\*\*")
PAGE = re.compile(r"<code>(/docs/[a-z/]*)</code>")


def line(text: str) -> SafeString:
    """Addresses of these pages are links."""
    marked = CODE.sub(r"<code>\1</code>", escape(text).replace("&#x27;", "'"))
    marked = PAGE.sub(r'<a class="link" href="\1">\1</a>', marked)
    return mark_safe(STRONG.sub(r"<strong>\1</strong>", marked))  # noqa: S308 - escaped above


def blocks(text: str) -> SafeString:
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return format_html_join("", "{}", ((_block(part),) for part in parts))


def _block(part: str) -> SafeString:
    if not part.startswith("|"):
        return format_html("<p>{}</p>", line(part))
    head, _, *rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in part.splitlines()]
    shown = format_html_join("", "<tr>{}</tr>", ((_cells("td", row),) for row in rows))
    return format_html(
        '<div class="table-frame" tabindex="0" role="group" aria-label="Table"><table class="table">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        _cells("th", head),
        shown,
    )


def _cells(tag: str, row: list[str]) -> SafeString:
    opened = mark_safe(f'<{tag} scope="col">' if tag == "th" else f"<{tag}>")  # noqa: S308
    return format_html_join("", "{}{}{}", ((opened, line(cell), mark_safe(f"</{tag}>")) for cell in row))  # noqa: S308
