"""The labelled records of the real update file: a floor, not a goal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from aggregator.appraise import appraise
from aggregator.model import Article
from aggregator.sources.files import open_source, read_all

from ..conftest import SHARED
from ..sources.made_up import UPDATE_FILE, real_file

pytestmark = pytest.mark.real

CODEBOOK = {
    "COHORT_PROSP": "COHORT", "COHORT_RETRO": "COHORT",
    "XSEC_COMPARATIVE": "XSEC", "XSEC_SURVEY": "XSEC", "EMA": "XSEC", "XSEC_UNCONTROLLED": "XSEC",
    "LONGITUDINAL_UNCONTROLLED": "SINGLE_ARM", "PK_DDI_HUMAN": "PK_HUMAN",
    "PHARMACOVIGILANCE": "SURVEILLANCE", "POISON_CENTER": "SURVEILLANCE", "FORENSIC_SERIES": "SURVEILLANCE",
}  # fmt: skip


@pytest.fixture(scope="module")
def labelled() -> list[tuple[Article, dict[str, object]]]:
    path = SHARED / "data" / "design" / "dev.jsonl"
    if not path.is_file():
        pytest.skip("the labels lie in ../shared, which is not here")
    labels = {
        entry["pmid"]: entry for entry in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    return [(paper, labels[paper.pmid]) for paper in _papers() if paper.pmid in labels]


def _papers() -> Iterator[Article]:
    with open_source(real_file(UPDATE_FILE)) as source:
        batch = []
        for item in source.items():
            batch.append(item)
            if len(batch) == 500:
                yield from (read for read in read_all(batch) if isinstance(read, Article))
                batch = []
        yield from (read for read in read_all(batch) if isinstance(read, Article))


def test_designs_agree_with_the_labels_by_words_alone(
    labelled: list[tuple[Article, dict[str, object]]],
) -> None:
    got = [appraise(paper, without_indexing=True).design.value for paper, _ in labelled]

    right = sum(
        CODEBOOK.get(code, code) == label["design"] for code, (_, label) in zip(got, labelled, strict=True)
    )

    assert len(labelled) > 90
    assert right / len(labelled) >= 0.85
    assert got.count("UNCLEAR") / len(labelled) <= 0.08


def test_sizes_agree_with_the_labels(labelled: list[tuple[Article, dict[str, object]]]) -> None:
    stated = [(appraise(paper).n, label["n"]) for paper, label in labelled if label["n"] is not None]

    assert sum(found == wanted for found, wanted in stated) / len(stated) >= 0.75
