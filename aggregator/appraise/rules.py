"""What a rule is: an id, a title and a page of the manual.

The manual page is the docstring of the function that carries the rule out: `aggregator rules` prints it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book."""

    id: str
    title: str
    manual: str
    """What it looks for, with examples in our own words, and where the method comes from."""


_Function = TypeVar("_Function", bound=Callable[..., Any])


def rule(id: str, title: str) -> Callable[[_Function], _Function]:
    """Marks a function as the one that carries out a rule; its docstring becomes the manual page."""

    def mark(function: _Function) -> _Function:
        manual = inspect.cleandoc(function.__doc__ or "")
        function.rule = Rule(id, title, manual)  # type: ignore[attr-defined]  # functions carry attributes
        return function

    return mark


def rules_of(functions: tuple[Callable[..., Any], ...]) -> tuple[Rule, ...]:
    """The rules that these functions carry out, in their order."""
    return tuple(function.rule for function in functions)  # type: ignore[attr-defined]  # set by `rule`
