"""How many: the paper's own analysed participants, cases, deaths, reports or included articles."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..model import Design, Finding
from .reading import Reading
from .rules import rule

_SMALL = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
_UNITS_WORDS = [*_SMALL.split(), "eighteen", "nineteen"]
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
WORDS: dict[str, int] = {word: number for number, word in enumerate(_UNITS_WORDS, start=1)}
WORDS |= _TENS
WORDS |= {
    f"{ten}-{word}": base + unit
    for ten, base in _TENS.items()
    for unit, word in enumerate(_UNITS_WORDS[:9], start=1)
}
WORDS |= {key.replace("-", " "): value for key, value in list(WORDS.items()) if "-" in key}
WORDS["one hundred"] = 100
_WORDED = "|".join(sorted(WORDS, key=len, reverse=True))
_NUMBER = re.compile(
    rf"\d{{1,3}}(?:[,  ]\d{{3}})+|\d+|(?:{'|'.join(_UNITS_WORDS[:9])}) hundred(?:(?: and)? (?:{_WORDED}))?|{_WORDED}",
    re.IGNORECASE,
)
_CASE_NOUN = re.compile(
    r"(?:cases|hospitali[sz]ations|admissions|procedures|operations|surgeries|eyes|hips|knees|tumou?rs|lesions|implants|"
    r"transplants)$",
    re.IGNORECASE,
)
_SCREENED = re.compile(
    r"screened|eligible|invited|approached|assessed for|identified initially|records were|potentially|retrieved|duplicates|"
    r"contacted|were sent|distributed|title|citations|hits|yielded|databases?|searche[sd]|lost to|excluded|dropped|withdrew|declined",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"includ|enrol|recruit|randomi[sz]|analy[sz]|complet|total of|sample of|sample|participat|consist|compris|met the|fulfil|"
    r"selected|studied|evaluated|assessed|interview|respond|surveyed|final|data (?:from|of|on)|underwent|were|among|in all|overall|"
    r"cohort of|report|present|describe|conducted in|involving|from|eligib|we ",
    re.IGNORECASE,
)
_PART = re.compile(r"\b(?:out of|of (?:whom|which|them|these)|group|arm|respectively|per group|each|vs\.?|versus|and \d|%|\bdied\b|had|developed|showed|received|responded to|additional|another|other)\b", re.IGNORECASE)  # fmt: skip
_NOT_A_COUNT = re.compile(r"^(?:years?|months?|weeks?|days?|hours?|min|mg|ml|kg|g|cm|mm|%|percent|per ?cent|times|fold|points?|items?|centers|centres|hospitals|countries|sites|U\.?S\.?)", re.IGNORECASE)  # fmt: skip
_PART_OF_NUMBER = ("-", ".", ",", "–", "/", "±", "<", ">", "=", "(")
_LINKS = re.compile(r"\b(?:and|or|with|in|to|than|were|was|for|from|who|had) ", re.IGNORECASE)
_LINKED = (_LINKS, re.compile(r"\b(?:for|to|until|from|by|databases?|and) ", re.IGNORECASE))
"""What may not stand between a number and its noun; with articles, which are often described at length, less."""
_TOTAL = re.compile(
    r"total(?: of)? $|total sample|sample (?:of|included|consisted|comprised)[^.]*$"
    r"|\b(?:study|survey|trial|cohort|series) (?:of|in|among|on|with) $",
    re.IGNORECASE,
)
_OUT_OF = re.compile(r"(\d[\d,]*) (?:\([\d.]+ ?%\) )?of (?:the |all )?$")
_WERE_STUDIED = re.compile(r"[^.;]{0,25}\b(?:were|was) (?:finally |then |ultimately )?(?:available|included|analy[sz]ed|enrolled|evaluable|randomi[sz]ed|recruited|studied)", re.IGNORECASE)  # fmt: skip
_INCLUDED = re.compile(
    r"(?:\([^()]*\) )?(?:of \w+ )?(?:were|was|met|fulfilled|remained|qualified)\b", re.IGNORECASE
)
_OF_ALL = re.compile(r"\bof (?:the |a total of |all )?$", re.IGNORECASE)
_PEOPLE_COUNTED = re.compile(r"controls?|healthy|normal|non-?users", re.IGNORECASE)
_LISTED = re.compile(r"[^.\n]+(?:\.\d[^.\n]*)*")
_N_IS = re.compile(r"\b[nN] ?= ?(\d{1,3}(?:,\d{3})+|\d+)(?![\d.]* ?%)")
_EACH = re.compile(r"\)? ?(?:each|per group|in each|per arm|/group)", re.IGNORECASE)
_HOW_MANY_GROUPS = re.compile(
    r"\b(two|three|four|five|six|2|3|4|5|6) (?:\w+ ){0,3}(?:groups|arms|cohorts)", re.IGNORECASE
)
_AFTER_A_NUMBER = re.compile(r"(?:\d|" + "|".join(WORDS) + r") (?:[\w-]+ ){0,2}$", re.IGNORECASE)
_CONTROL = re.compile(r"controls|non-?users|HC|non-?smokers|healthy|without", re.IGNORECASE)
_ENTERS = re.compile(
    r"includ|compar|enrol|recruit|analy|evaluat|sample|stud|\bin |\bof |among", re.IGNORECASE
)


NEAR = 220
"""Counts of patients and of controls further apart than this are not added up."""


class Size(NamedTuple):
    """An own sample size, what it counts and where it is printed."""

    n: int
    unit: str
    finding: Finding


class _Candidate(NamedTuple):
    value: int
    unit: str
    start: int
    end: int
    score: float


_OF_DESIGN = {
    Design.META_ANALYSIS: "articles", Design.SR: "articles", Design.SCOPING: "articles",
    Design.PHARMACOVIGILANCE: "reports", Design.POISON_CENTER: "exposures",
    Design.FORENSIC_SERIES: "deaths", Design.ANIMAL: "animals",
}  # fmt: skip
_CUES = {"exposures": "count_reports", "participants": "people_count"}
_AGAINST_CONTROLS = frozenset({Design.CASE_CONTROL, Design.XSEC_COMPARATIVE})
_NO_SIZE = frozenset({
    Design.NARR_REVIEW, Design.GUIDELINE, Design.PROTOCOL, Design.OPINION, Design.OTHER, Design.IN_VITRO, Design.IN_SILICO,
    Design.ECON_MODEL, Design.UNCLEAR,
})  # fmt: skip


@rule("size.own", "Own sample size")
def size(reading: Reading, design: Design) -> Size | None:
    """The number of the paper's own analysed people or cases, with the words that state it; ``None`` when unstated.

    Units: participants, cases, animals, products; included articles for reviews; reports, exposures (calls) and
    deaths for surveillance. Analysed beats screened ("of 300 screened, 120 were randomised" gives 120).
    Groups are added only when one sentence lists them ("58 users and 19 controls" gives 77). Number words and
    thousands separators are read. Planned numbers are not sizes, a review's numbers are not its own, and a case
    report has n = 1.
    """
    if design is Design.CASE_REPORT:
        return None if not reading.text.strip() else _one(reading)
    if design in _NO_SIZE:
        return None
    unit = _OF_DESIGN.get(design, "products" if design is Design.ANALYTICAL else "participants")
    summed = _groups(reading) if unit == "participants" else None
    candidates = _candidates(reading, unit)
    best = max(candidates, key=lambda candidate: candidate.score, default=None)
    if best and design in _AGAINST_CONTROLS and summed is None:
        best = _with_controls(reading, candidates) or best
    if unit == "participants" and summed is None:
        summed = _arms(reading, best)
    if summed and (best is None or best.value < summed.value):
        best = summed
    if best is None or best.score < 2:
        return None
    because = "The words state how many were studied."
    return Size(best.value, best.unit, reading.quoting("size.own", because, best.start, best.end))


def _with_controls(reading: Reading, candidates: list[_Candidate]) -> _Candidate | None:
    """Patients and healthy controls counted apart close by, in either order: both were studied."""
    ranked = sorted(candidates, key=lambda candidate: candidate.score, reverse=True)
    controls = next((one for one in ranked if _are_controls(reading, one)), None)
    others = [one for one in ranked if not _are_controls(reading, one)]
    if controls is None or not others:
        return None
    totals = {one.value + controls.value for one in others}
    if any(one.value in totals for one in others):  # "77 people: 58 users and 19 controls"
        return None
    near = [one for one in others if abs(one.start - controls.start) < NEAR]
    if not near or max(one.value for one in others) >= controls.value + near[0].value:
        return None
    first, last = sorted((controls, near[0]), key=lambda one: one.start)
    return _Candidate(first.value + last.value, "participants", first.start, last.end, near[0].score)


def _are_controls(reading: Reading, candidate: _Candidate) -> bool:
    return _PEOPLE_COUNTED.search(reading.text, candidate.start, candidate.end) is not None


def _arms(reading: Reading, best: _Candidate | None) -> _Candidate | None:
    """Arms that one sentence lists as "(n = 30)", "(n = 31)", where no larger number of people is found."""
    for sentence in _LISTED.finditer(reading.text, reading.base):
        found = list(_N_IS.finditer(reading.text, *sentence.span()))
        values = [value_of(one.group(1)) for one in found]
        zone = reading.zone_at(sentence.start())
        if len(values) < 2 or zone.factor < 1.5 or values[0] >= sum(values[1:]) > 0.9 * values[0]:
            continue
        if best is None or best.value in values:
            return _Candidate(sum(values), "participants", found[0].start(), found[-1].end(), 4.0)
    return None


def value_of(words: str) -> int:
    """The number that digits or number words stand for."""
    folded = words.lower().strip()
    if folded in WORDS:
        return WORDS[folded]
    hundreds, named, rest = folded.partition(" hundred")
    if named:
        return 100 * WORDS.get(hundreds, 0) + WORDS.get(rest.removeprefix(" and").strip(), 0)
    digits = re.sub(r"\D", "", folded)
    return int(digits) if digits else 0


def _one(reading: Reading) -> Size | None:
    for cue in ("aged_person", "case_said", "case_title", "one_patient"):
        mention = reading.said(cue)
        if mention:
            return Size(1, "cases", reading.finding("size.own", "One patient is presented.", mention))
    return None


def _candidates(reading: Reading, unit: str) -> list[_Candidate]:
    cue = _CUES.get(unit, f"count_{unit}")
    found = [_counted(reading, unit, start, end) for start, end in reading.places(cue)]
    if unit == "deaths":
        parts = [_part_of_deaths(reading, start, end) for start, end in reading.places(cue)]
        found = [part for part in parts if part] or found
    if unit == "participants":
        found += [_remaining(reading, start, end) for start, end in reading.places(cue)]
        found += [_bracketed(reading, start, end) for start, end in reading.places("count_after")]
    return [candidate for candidate in found if candidate and candidate.value > 0]


def _counted(reading: Reading, unit: str, start: int, end: int) -> _Candidate | None:
    """Of "a total of 120 consecutive patients": the number nearest to the noun, what stands between, the noun."""
    words = reading.text[start:end]
    for number in reversed(list(_NUMBER.finditer(words))):
        at = start + number.start()
        between = words[number.end() :].lstrip()
        if reading.text[max(0, at - 1) : at] in _PART_OF_NUMBER or words[
            number.end() : number.end() + 1
        ] not in (" ", ""):
            continue
        if unit == "articles" and _INCLUDED.match(between):
            found = _candidate(reading, at, end, value_of(number.group()), unit)
            return found and found._replace(score=found.score + 2)
        if _NOT_A_COUNT.match(between) or ". " in between or _LINKED[unit == "articles"].search(between):
            return None
        kind = "cases" if unit == "participants" and _CASE_NOUN.match(words.rsplit(" ", 1)[-1]) else unit
        return _candidate(reading, at, end, value_of(number.group()), kind)
    return None


def _remaining(reading: Reading, start: int, end: int) -> _Candidate | None:
    """Of "113 of 160 (71 %) patients were available": those who remained were studied."""
    found = _OUT_OF.search(reading.text[max(0, start - 30) : start])
    if found is None or not _WERE_STUDIED.match(reading.text[end : end + 60]):
        return None
    at = max(0, start - 30) + found.start()
    return _candidate(reading, at, end, value_of(found.group(1)), "participants")


def _part_of_deaths(reading: Reading, start: int, end: int) -> _Candidate | None:
    """Of "the drug was found in 152 of 27,338 deaths": the deaths studied are the 152."""
    found = _OUT_OF.search(reading.text[max(0, start - 30) : start])
    if found is None:
        return None
    at = max(0, start - 30) + found.start()
    return _candidate(reading, at, end, value_of(found.group(1)), "deaths")


def _bracketed(reading: Reading, start: int, end: int) -> _Candidate | None:
    """Of "adults with asthma (n = 52)" the 52; of "two groups (n = 25 each)" 50."""
    words = reading.text[start:end]
    value = value_of(words.rsplit("=", 1)[-1])
    each = _EACH.match(reading.text[end : end + 20])
    groups = _HOW_MANY_GROUPS.search(reading.text[max(0, start - 80) : end]) if each else None
    if each and not groups:
        return None
    if groups:
        value *= value_of(groups.group(1))
    elif _AFTER_A_NUMBER.search(reading.text[max(0, start - 25) : start]):
        return None
    return _candidate(reading, start, end, value, "participants")


def _candidate(reading: Reading, start: int, end: int, value: int, unit: str) -> _Candidate | None:
    zone = reading.zone_at(start)
    if zone.name in ("background", "aside") or start < reading.base < end:
        return None
    text = reading.text
    before, after = text[max(0, start - 45) : start], text[end : end + 45]
    before = before[max(before.rfind(". "), before.rfind("\n")) + 1 :]
    clause = before[max(before.rfind(", "), before.rfind("; ")) + 1 :]
    score = 2.0 + bool(_FINAL.search(before[-30:]) or _FINAL.search(after[:25])) + (zone.factor >= 2)
    score += 1.5 * bool(_TOTAL.search(before)) - 1.5 * bool(_PART.search(before[-22:]))
    score -= 2.5 * bool(_SCREENED.search(clause[-35:]) or _SCREENED.search(after[:22]))
    score -= 1.0 * (value < 6 and unit == "participants")
    score += 0.8 * bool(_WERE_STUDIED.match(after))
    score -= 0.5 * (start - reading.base) / max(1, len(text))
    score += min(1.0, len(str(value)) * 0.25)
    score -= 1.0 * (unit == "articles" and bool(_OF_ALL.search(before[-20:])))
    return _Candidate(value, unit, start, end, score)


def _groups(reading: Reading) -> _Candidate | None:
    """Two groups named in one sentence: users and non-users, patients and controls."""
    for start, end in reading.places("two_groups"):
        words = reading.text[start:end]
        zone = reading.zone_at(start)
        if (
            zone.factor < 1.5
            or not _CONTROL.search(reading.text[start : end + 12])
            or "." in words
            or start < reading.base < end
        ):
            continue
        before = reading.text[max(0, start - 25) : start]
        numbers = [value_of(found.group()) for found in _NUMBER.finditer(words)]
        if len(numbers) == 2 and (_ENTERS.search(before) or before.endswith(("\n", ". "))):
            return _Candidate(sum(numbers), "participants", start, end, 5.0)
    return None
