"""Options that take one word of a few."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError


def one_of(value: str, known: Sequence[str], what: str = "--format") -> str:
    """The value, when it is known. Raises: InputError with the words that are."""
    if value not in known:
        raise InputError(f"{what} does not know “{value}”", hint=f"one of: {', '.join(known)}")
    return value
