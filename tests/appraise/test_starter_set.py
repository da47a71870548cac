"""The starter set's digests, read from their words, against the labels that were kept from them."""

from __future__ import annotations

import json
from pathlib import Path

from aggregator.appraise import appraise
from aggregator.model import Design
from aggregator.sources.starter import starter_set

COARSER = {Design.XSEC_SURVEY: "XSEC", Design.XSEC_UNCONTROLLED: "XSEC", Design.XSEC_COMPARATIVE: "XSEC"}
"""A digest does not always say whether people were compared or only asked."""


def test_no_digest_is_taken_for_another_design_and_every_size_is_right(shared: Path) -> None:
    labels = {}
    for line in (shared / "data" / "kratom" / "facts.jsonl").read_text().splitlines():
        paper = json.loads(line)
        labels[paper["title"]] = paper
    recognised = 0
    for _, article in starter_set():
        label, found = labels[article.title], appraise(article)
        assert found.digest
        assert found.n == label["n"], article.title
        if label["design"] and found.design is not Design.UNCLEAR:
            truth = Design(label["design"])
            assert COARSER.get(found.design, found.design) == COARSER.get(truth, truth), article.title
            recognised += 1
    assert recognised >= 34
