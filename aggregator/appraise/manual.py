"""The rules of appraisal in one explicit tuple: the manual that `aggregator rules` prints."""

from __future__ import annotations

from . import appraisal, indexing, integrity, levels, size, species, tags
from .designs.ladder import DESIGN_RULES
from .rules import Rule, rules_of

RULES: tuple[Rule, ...] = (
    *DESIGN_RULES,
    *rules_of(
        (
            indexing.witness,
            indexing.mesh_witness,
            appraisal.contrary,
            integrity.marks,
            species.subjects,
            size.size,
            tags.tags,
            levels.levels,
            levels.causality,
            levels.included,
        )
    ),
)
