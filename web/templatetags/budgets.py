"""The budget of today on a strip, of which a page holds hundreds: one call instead of a template each."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.services.usage import Use
from web.numbers import money

register = template.Library()

METER = (
    '<span class="use" data-level="{level}" role="meter" aria-label="Budget of today" aria-valuemin="0"'
    ' aria-valuemax="100" aria-valuenow="{now}" aria-valuetext="{percent} %, {spent} of {limit}"'
    ' title="{spent} of {limit} today">{percent} %<svg class="meter small" aria-hidden="true">'
    '<rect class="track" y="1" width="100%" height="3"></rect>'
    '<rect class="fill" y="1" width="{now}%" height="3"></rect>'
    '<line class="at" x1="80%" x2="80%" y1="0" y2="5"></line>'
    '<line class="at" x1="95%" x2="95%" y1="0" y2="5"></line></svg></span>'
)


@register.simple_tag
def small_meter(use: Use | None) -> SafeString | str:
    """Nothing for agents that nobody gave a budget."""
    if not use:
        return ""
    spent, limit = money(use.spent), money(use.limit)
    return format_html(METER, level=use.level, now=min(100, use.percent), percent=use.percent, spent=spent, limit=limit)
