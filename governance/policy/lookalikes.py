"""Folds characters that look like others onto what they look like, so that a disguise reads as what it pretends."""

from __future__ import annotations

import unicodedata

# Those that Unicode's own compatibility forms leave as they are.
_LOOKS_LIKE = {
    **{"a": "аɑα", "b": "в", "c": "сϲ", "d": "ԁ", "e": "еε", "h": "һհ", "i": "іıɩι", "j": "ј", "k": "кκ", "l": "ӏ"},
    **{"m": "м", "n": "пոν", "o": "оοօ", "p": "рρ", "q": "ԛ", "r": "гᴦ", "s": "ѕ", "t": "тτ", "u": "υսᴜ", "v": "ѵ"},
    **{"w": "ԝ", "x": "хχ", "y": "уү", "A": "АΑ", "B": "ВΒ", "C": "С", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "K": "КΚ"},
    **{"M": "МΜ", "O": "ОΟ", "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "ΥҮ"},
    **{"/": "∕⁄⧸╱／", "\\": "＼∖⧵", "-": "‐‑‒–—―−﹣－", ".": "․‧·。．｡", "|": "ǀ∣｜│￨", "~": "˜∼～", ";": ";；︔"},
}
_TABLE = str.maketrans({like: plain for plain, likes in _LOOKS_LIKE.items() for like in likes})


def fold(text: str) -> str:
    """The plain text that this one looks like; plain text is itself."""
    if text.isascii() and text.isprintable():
        return text
    plain = unicodedata.normalize("NFKC", text.translate(_TABLE)).translate(_TABLE)
    return "".join(filter(None, map(_folded, plain)))


def _folded(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() or char in "\t\n\r" else " "
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):
        return ""
    return " " if category.startswith(("Z", "Cc")) else char
