"""The text of titles and abstracts: inline tags joined without gaps, formulas on one readable line."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import normalize

from lxml import etree

from aggregator.text import clean

_MATH = "{http://www.w3.org/1998/Math/MathML}"
_RAISED = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_RAISABLE = frozenset("0123456789+-−–")
_UNSEEN = frozenset(("annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup"))
_TWICE_ESCAPED = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|lt|gt|amp|quot|apos|nbsp);")
_TOKENS = frozenset(("mi", "mn", "mo", "mtext", "ms"))


def plain(text: str | None) -> str:
    """What `clean` makes of it; "" for ``None``. Quick, since most strings are clean as they stand.

    In ASCII, XML allows four characters only that are not printed; looking for each is faster than any test of
    the whole. Beyond ASCII, what is printable holds no other white space than single blanks, and nothing hidden.
    """
    if not text:
        return ""
    if text.isascii():
        if "\n" in text or "\t" in text or "\r" in text or "\x7f" in text:
            return clean(text)
    elif text.isprintable():
        text = normalize("NFC", text)
    else:
        return clean(text)
    return " ".join(text.split()) if "  " in text or text[0] == " " or text[-1] == " " else text


def tidy(texts: str) -> bool:
    """Whether texts with a blank before, between and behind them are clean as they stand: one look for several.

    A blank too many in any of them makes two. "No" is said too often (of all that is not ASCII), "yes" never.
    """
    return texts.isascii() and texts.isprintable() and "  " not in texts


word = lru_cache(maxsize=1 << 15)(plain)
"""`plain` for the strings that come again and again: headings, journals, countries."""


def inline(element: etree._Element | None) -> str:
    """The text of an element with tags inside it, as one clean line; "" for ``None``.

    Characters that a publisher has escaped twice ("P &amp;lt; 0.05" in the XML) are put right.
    """
    if element is None:
        return ""
    text = _joined(element, "") if len(element) else element.text
    return line(text) if text else ""


def line(text: str) -> str:
    """The text of an element without tags inside it, as `inline` gives it."""
    if "&" in text:
        text = _TWICE_ESCAPED.sub(lambda entity: html.unescape(entity[0]), text)
    return plain(text)


def _joined(element: etree._Element, before: str) -> str:
    text = before + (element.text or "")
    for child in element:
        text += _shown(child, text) + (child.tail or "")
    return text[len(before) :]


def _shown(child: etree._Element, before: str) -> str:
    tag = child.tag
    if not isinstance(tag, str):
        return ""
    if tag == "sup":
        return _raised(before, _joined(child, ""))
    if tag.startswith(_MATH):
        return _formula(child) or str(child.get("alttext", ""))
    return _joined(child, before[-1:])


def _raised(before: str, text: str) -> str:
    """A superscript. After a digit it is set in raised figures: 10⁶, since "106" is another number."""
    digits = text.strip()
    if digits and before[-1:].isdigit() and _RAISABLE.issuperset(digits):
        return digits.translate(_RAISED)
    return text


def _formula(element: etree._Element) -> str:
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "none"
    if name in _UNSEEN:
        return ""
    if name in _TOKENS:
        return _joined(element, "").strip()
    layout = _LAYOUTS.get(name)
    return layout(element) if layout else _row(element)


def _parts(element: etree._Element) -> list[str]:
    return [_formula(child) for child in element]


def _row(element: etree._Element) -> str:
    """Parts side by side; a name of several letters is kept apart from what follows it ("log x")."""
    text = ""
    for part in _parts(element):
        last = text.rpartition(" ")[2]
        gap = " " if len(last) > 1 and last.isalpha() and part[:1].isalnum() else ""
        text += gap + part
    return text


def _scripts(element: etree._Element) -> str:
    base, *others = [*_parts(element), "", ""][:4]
    if element.tag.endswith("}msup"):
        return base + _raised(base, others[0])
    return base + "".join(others)


def _fraction(element: etree._Element) -> str:
    return "/".join(_grouped(part) for part in _parts(element))


def _root(element: etree._Element) -> str:
    return "√" + _grouped(_row(element) if element.tag.endswith("}msqrt") else (_parts(element) or [""])[0])


def _fenced(element: etree._Element) -> str:
    separator = (element.get("separators", ",").strip() or " ")[0]
    inside = f"{separator} ".join(_parts(element))
    return f"{element.get('open', '(')}{inside}{element.get('close', ')')}"


def _grouped(text: str) -> str:
    return text if text.replace(".", "").isalnum() else f"({text})"


_LAYOUTS: dict[str, Callable[[etree._Element], str]] = {
    "msup": _scripts,
    "msub": _scripts,
    "msubsup": _scripts,
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _root,
    "mfenced": _fenced,
    "mspace": lambda _: " ",
    "mtd": lambda cell: _row(cell) + " ",
    "mtr": lambda row: _row(row).strip() + "; ",
}
