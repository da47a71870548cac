"""The part of PubMed's query language that tests need, with its way of swallowing mistakes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from tests.ncbi.holding import Holding, Record, tokens

_PART = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<op>AND|OR|NOT)\b"
    r'|"(?P<phrase>[^"]*)"(?:\[(?P<phrase_field>[^\]]*)\])?'
    r"|(?P<low>[\d/]+):(?P<high>[\d/]+)\[(?P<range_field>[^\]]*)\]"
    r"|\#(?P<key>\d+)"
    r"|(?P<word>[^\s()\[\]\"]+)(?:\[(?P<word_field>[^\]]*)\])?)"
)
_TEXT_FIELDS = {"", "all", "all fields", "tiab", "title/abstract", "tw", "text word", "ti", "title", "ab"}
_DATE_FIELDS = {"edat": "edat", "mdat": "mdat", "lr": "mdat", "crdt": "crdt", "pdat": "pdat", "dp": "pdat"}


class Malformed(Exception):
    """A query that the search engine gives up on."""


@dataclass
class Outcome:
    """What a query found, and what the engine has to remark."""

    pmids: set[int]
    translation: str = ""
    fields_not_found: list[str] = field(default_factory=list)
    phrases_not_found: list[str] = field(default_factory=list)
    quoted_not_found: list[str] = field(default_factory=list)


def run(holding: Holding, query: str, stored: dict[str, tuple[int, ...]] | None = None) -> Outcome:
    """The records that a query finds."""
    with holding.lock:
        engine = _Engine(holding, _parts(query), stored or {})
        pmids = engine.expression()
        if engine.at < len(engine.parts):
            raise Malformed("unbalanced parentheses")
        outcome = engine.outcome
        outcome.pmids = holding.pmids if pmids is None else pmids
        outcome.translation = query
        return outcome


def _parts(query: str) -> list[re.Match[str]]:
    parts, at = [], 0
    while query[at:].strip():
        match = _PART.match(query, at)
        if match is None or match.end() == at:
            raise Malformed(f"cannot read the query at {at}")
        parts.append(match)
        at = match.end()
    return parts


class _Engine:
    """Reads from left to right, as PubMed does: no operator binds tighter. ``None``: a dropped term."""

    def __init__(
        self, holding: Holding, parts: list[re.Match[str]], stored: dict[str, tuple[int, ...]]
    ) -> None:
        self.holding, self.parts, self.stored, self.at = holding, parts, stored, 0
        self.outcome = Outcome(set())

    def expression(self) -> set[int] | None:
        total: set[int] | None = None
        operator, first = "AND", True
        while self.at < len(self.parts) and not self.parts[self.at]["close"]:
            if self.parts[self.at]["op"]:
                operator = self.parts[self.at]["op"]
                self.at += 1
                continue
            term = self.term()
            total = term if first else _joined(operator, total, term, self.holding)
            operator, first = "AND", False
        return total

    def term(self) -> set[int] | None:
        part = self.parts[self.at]
        self.at += 1
        if part["open"]:
            inside = self.expression()
            if self.at >= len(self.parts):
                raise Malformed("unbalanced parentheses")
            self.at += 1
            return inside
        if part["low"]:
            return self._range(part["low"], part["high"], part["range_field"].lower())
        if part["key"]:
            return set(self.stored[part["key"]]) & self.holding.pmids
        if part["phrase"] is not None:
            return self._phrase(part["phrase"], part["phrase_field"] or "")
        return self._word(part["word"], part["word_field"] or "")

    def _range(self, low: str, high: str, name: str) -> set[int] | None:
        if name in {"uid", "pmid"}:
            first, last = int(low), int(high)
            return {pmid for pmid in self.holding.pmids if first <= pmid <= last}
        if name in _DATE_FIELDS:
            return within(self.holding, _DATE_FIELDS[name], day(low, last=False), day(high, last=True))
        self.outcome.fields_not_found.append(name)
        return None

    def _phrase(self, text: str, name: str) -> set[int] | None:
        found = self._found(text, name)
        if not found:
            self.outcome.quoted_not_found.append(f'"{text}"' + (f"[{name}]" if name else ""))
            return None  # dropped with a warning: the rest of the query is searched without it
        return found

    def _word(self, text: str, name: str) -> set[int]:
        found = self._found(text, name)
        if not found:
            self.outcome.phrases_not_found.append(text)
        return found

    def _found(self, text: str, name: str) -> set[int]:
        key = name.split(":")[0].strip().lower()
        if key in {"uid", "pmid"}:
            return {int(text)} & self.holding.pmids if text.isdigit() else set()
        if key in {"mh", "mesh", "mesh terms"}:
            return self.holding.where(lambda record: text.lower() in record.mesh)
        if key in {"pt", "publication type"}:
            return self.holding.where(lambda record: text.lower() in record.types)
        if key in _DATE_FIELDS:
            return within(self.holding, _DATE_FIELDS[key], day(text, last=False), day(text, last=True))
        if key not in _TEXT_FIELDS:
            self.outcome.fields_not_found.append(name)  # and then searched in all fields
        if text.endswith("*"):
            return self.holding.with_prefix(text[:-1].lower())
        return self.holding.with_phrase(tokens(text))


def _joined(
    operator: str, left: set[int] | None, right: set[int] | None, holding: Holding
) -> set[int] | None:
    if right is None or left is None:
        return right if left is None and operator != "NOT" else left
    match operator:
        case "AND":
            return left & right
        case "OR":
            return left | right
        case _:
            return left - right


def within(holding: Holding, name: str, since: date, until: date) -> set[int]:
    """The records with a date in a window, both days included."""

    def test(record: Record) -> bool:
        return bool(since <= getattr(record, name) <= until)

    return holding.where(test)


def day(text: str, *, last: bool) -> date:
    """A date as E-utilities take it: "2020", "2020/05" or "2020/05/17"; the first or last day it may mean."""
    numbers = [int(number) for number in text.split("/") if number]
    if len(numbers) == 3:
        return date(*numbers)
    year, month = numbers[0], numbers[1] if len(numbers) == 2 else (12 if last else 1)
    if not last:
        return date(year, month, 1)
    if (year, month) >= (9999, 12):
        return date.max
    return date.fromordinal(date(year + month // 12, month % 12 + 1, 1).toordinal() - 1)
