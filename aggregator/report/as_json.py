"""A summary as JSON: the shape that `summary --format json` promises.

Later versions add keys and never change what one means. ``bodies`` and ``causality`` are absent until they
are computed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..grade.summary import SYNTHESES, Lane, Study, Summary, is_digest
from ..grade.words import DESIGN_WORDS


def summary_json(summary: Summary) -> dict[str, Any]:
    """The summary as plain values. Text is as stored: whoever prints it escapes it."""
    return {
        "topic": summary.topic.name,
        "title": summary.topic.title,
        "question": summary.topic.question,
        "kind": summary.topic.kind.value,
        "graded": summary.graded,
        "as_of": summary.as_of,
        "rulebook": summary.rulebook,
        "coverage": summary.coverage,
        "records": {
            "total": summary.total,
            "by_design": {design.value: count for design, count in summary.by_design.items()},
            "by_level": {_level_key(level): count for level, count in summary.by_level.items()},
            "excluded": dict(sorted(Counter(excluded.reason for excluded in summary.excluded).items())),
        },
        "statements": [{"text": said.text, "ids": list(said.ids)} for said in summary.statements],
        "not_assessable": list(summary.not_assessable),
        "studies": [_study(summary, lane, study) for lane, study in summary.records()],
        "excluded": [
            {"id": excluded.study.id, "reason": excluded.reason, "because": excluded.because}
            for excluded in summary.excluded
        ],
    }


def json_document(summaries: Sequence[Summary], *, title: str, version: str, printed: str) -> str:
    """All summaries as one document, in the order given."""
    document = {
        "title": title,
        "version": version,
        "printed": printed,
        "summaries": [summary_json(summary) for summary in summaries],
    }
    return written(document) + "\n"


def written(value: object) -> str:
    """Indented JSON with readable letters.

    Characters that do not print are escaped: nothing in a title can steer a terminal or break a line, and
    unpaired surrogates can be written as UTF-8.
    """
    return _SUSPECT.sub(_escaped, json.dumps(value, ensure_ascii=False, indent=2))


_SUSPECT = re.compile(r"[^\n -~]")


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    return json.dumps(char)[1:-1] if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char


def _level_key(level: int | None) -> str:
    return "none" if level is None else str(level)


def _study(summary: Summary, lane: Lane, study: Study) -> dict[str, Any]:
    article, appraisal = study.article, study.appraisal
    return {
        "id": study.id,
        "lane": lane.value,
        "pmid": article.pmid or None,
        "doi": article.doi or None,
        "title": article.title,
        "year": article.year,
        "journal": article.journal or article.journal_title or article.book_title,
        "design": appraisal.design.value,
        "design_words": DESIGN_WORDS[appraisal.design],
        "design_confidence": appraisal.design_confidence.value,
        "species": appraisal.species.value,
        "organism": appraisal.organism,
        "n": appraisal.n,
        "n_unit": appraisal.n_unit or None,
        "level": summary.level(study) if lane is Lane.HUMAN or appraisal.design in SYNTHESES else None,
        "integrity": [state.value for state in appraisal.integrity],
        "digest": is_digest(study),
        "via": list(study.via),
    }
