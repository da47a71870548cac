"""What a step of the ladder answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...model import Design, Finding


@dataclass(frozen=True, slots=True)
class Verdict:
    """A design, the rule that decided it and the words it decided by."""

    design: Design
    rule: str
    findings: tuple[Finding, ...]
    secondary: tuple[Design, ...] = ()
    named: bool = field(default=True)
    """Whether the words name the design, as against a design inferred from several weaker signs."""
