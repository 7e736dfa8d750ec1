"""Figures as people read them: units, thin spaces between thousands, nothing that is not there."""

THIN = "\u202f"


def money(microusd: int | None) -> str:
    dollars = (microusd or 0) / 1_000_000
    if dollars and abs(dollars) < 0.01:
        return "<$0.01"
    if abs(dollars) >= 10_000:
        return f"${dollars:,.0f}".replace(",", THIN)
    return f"${dollars:,.2f}".replace(",", THIN)


def grouped(number: int | None) -> str:
    return f"{number or 0:,}".replace(",", THIN)


def compact(number: int | None) -> str:
    value = float(number or 0)
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}"


def percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0
