"""What templates need to draw strips: icons, marks, the pulse, money and time in few characters."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.money import MICRO
from tasks.models import PRIORITIES
from tokens.models import Run
from tokens.reports import Month
from web import words
from web.numbers import compact, grouped, money, percent
from web.shell import Shell, permissions_waiting_of, shell_of, waiting_of
from web.words import Sign

register = template.Library()

PULSE_TICKS = {"work": "M{x} 2v16", "beat": "M{x} 7v6", "error": "M{x} 0v20", "silent": "M{x} 9v2"}
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    sprite = static("vendor/lucide/sprite.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name)


@register.simple_tag
@cache
def mark(name: str) -> SafeString:
    """A state's glyph; the page holds the drawing once (`components/_marks.html`)."""
    return format_html('<svg class="mark" aria-hidden="true"><use href="#m-{}"/></svg>', name)


@register.simple_tag
@cache
def priority(level: int) -> SafeString:
    drawn = '<svg class="mark p{0}" role="img"><title>{1} priority</title><use href="#m-p{0}"/></svg>'
    return format_html(drawn, level, PRIORITIES[level])


@register.simple_tag
def pulse(ticks: Sequence[str]) -> SafeString:
    """One path per kind of minute: 60 ticks cost four elements, not sixty."""
    strokes: dict[str, list[str]] = {kind: [] for kind in PULSE_TICKS}
    for place, kind in enumerate(ticks):
        strokes[kind].append(PULSE_TICKS[kind].format(x=place * 3 + 1))
    drawn = ((kind, "".join(parts)) for kind, parts in strokes.items() if parts)
    paths = format_html_join("", '<path class="{}" d="{}"></path>', drawn)
    head = '<svg class="pulse" viewBox="0 0 {} 20" role="img" aria-label="{}">{}</svg>'
    return format_html(head, len(ticks) * 3, pulse_in_words(ticks), paths)


def pulse_in_words(ticks: Sequence[str]) -> str:
    counted = [(ticks.count(kind), kind) for kind in ("work", "beat", "error", "silent")]
    said = ", ".join(f"{number} min {kind}" for number, kind in counted if number)
    return f"Last hour: {said or 'nothing yet'}"


def short_age(when: datetime, now: datetime) -> str:
    seconds = max(0, int((now - when).total_seconds()))
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "now"


@register.simple_tag
def age(when: datetime | None, absent: str = "never") -> SafeString:
    """Relative time; the browser keeps it current, and shows the exact moment on hover."""
    if when is None:
        return format_html('<span class="faint">{}</span>', absent)
    return format_html(
        '<time datetime="{}" data-age>{}</time>',
        f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        short_age(when, timezone.now()),
    )


@register.simple_tag
def time_left(when: datetime, *, exact: bool = False) -> SafeString:
    """As `age`, of what is to come; exact is to the second, where there is little of it."""
    if exact:
        minutes, seconds = divmod(max(0, int((when - timezone.now()).total_seconds())), 60)
        drawn = '<time datetime="{}" data-left="exact">{}:{} left</time>'
        return format_html(drawn, f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", minutes, f"{seconds:02}")
    left = short_age(timezone.now(), when)
    return format_html(
        '<time datetime="{}" data-left>{} left</time>',
        f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "under 1 min" if left == "now" else left,
    )


@register.simple_tag(takes_context=True)
def approvals_waiting(context: Context) -> int:
    """For the rail: none where nobody is signed in."""
    return waiting_of(context["request"])


@register.simple_tag(takes_context=True)
def permissions_waiting(context: Context) -> int:
    return permissions_waiting_of(context["request"])


register.filter("money", money)
register.filter("grouped", grouped)
register.filter("compact", compact)


@register.simple_tag
def bar(part: int, whole: int) -> SafeString:
    """A length that is read against its neighbours; the figure stands beside it."""
    return format_html(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="track" d="M0 0h100v6H0z"/><path class="fill" d="M0 0h{}v6H0z"/></svg>',
        max(1, percent(part, whole)) if part else 0,
    )


@register.simple_tag
def budget_bar(month: Month) -> SafeString:
    """Spent, then the forecast behind it, on the length of the budget."""
    budget = month.budget_microusd or 1
    spent, forecast = (min(100, percent(sum, budget)) for sum in (month.spent_microusd, month.forecast_microusd))
    state = "over" if month.spent_microusd > budget else "near" if month.forecast_microusd > budget else ""
    return format_html(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{0} % of the budget">'
        '<path class="track" d="M0 0h100v6H0z"/><path class="forecast" d="M0 0h{1}v6H0z"/>'
        '<path class="fill {2}" d="M0 0h{0}v6H0z"/></svg>',
        spent,
        forecast,
        state,
    )


@register.filter
def dollars(microusd: int) -> str:
    return f"{microusd / MICRO:.2f}".removesuffix(".00")


@register.filter
def exact(microusd: int) -> str:
    """Dollars as a form takes them, to the micro-dollar."""
    return f"{microusd // MICRO}.{microusd % MICRO:06}".rstrip("0").removesuffix(".")


@register.filter
def initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in words[:2]) if len(words) > 1 else name[:2]


# Drawn by more than one sheet.
TOGETHER = {
    "components": ("components", "floating"),
    "shell": ("shell", "page"),
    "task": ("request", "record", "lists", "task", "moves", "thread"),
}


@register.filter
def sheets(names: str) -> list[str]:
    return [static(f"css/{part}.css") for name in names.split() for part in TOGETHER.get(name, (name,))]


@register.filter
def sign(status: str) -> Sign:
    """A status as people see it: its word, its tone and its mark."""
    return words.SIGNS[status]


@register.filter
def ending(run: Run) -> Sign:
    """How a run ended, or that it goes on."""
    return words.ENDINGS[run.status]


@register.simple_tag(takes_context=True)
def shell_figures(context: Context) -> Shell:
    return shell_of(context["request"])
