"""Whether a phrase is meant: "no systematic review", "future randomised trials are needed" are not (rule T7)."""

from __future__ import annotations

import re

_BEFORE = re.compile(
    r"(?:\b(?:no|not|non|never|without|nor|neither|instead of|rather than|except)[ ,]+(?:[\w-]+[ ,]+){0,3}"
    r"|\b(?:lack(?:s|ing)? of|lack(?:s|ing)?|absence of|paucity of|scarcity of|need(?:s|ed)? (?:for|of)?|need|warrants?|require[sd]?|"
    r"future|until|should be|should include|pending|awaits?|awaiting|calls? for|further|few|there (?:is|are) no|unlike)[ ,]+"
    r"(?:[\w/-]+[ ,]+){0,8})$",
    re.IGNORECASE,
)
_WITH_OR_WITHOUT = re.compile(
    r"with (?:and|or) without|were further|was further|not only|no significant|whether or not|needed|further (?:were|was)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[ ,]*(?:[\w-]+[ ,]+){0,4}?(?:(?:is|are|will be|would be|may be|might be|seems?) (?:\w+ ){0,2}"
    r"(?:needed|warranted|required|lacking|scarce|necessary|awaited|missing)|(?:is|are) (?:still |urgently )?"
    r"(?:needed|warranted|required|lacking|scarce|awaited)|to confirm|to verify|have not been|has not been|"
    r"should (?:be|confirm|include|address))",
    re.IGNORECASE,
)
REACH = 90


def silenced(text: str, start: int, end: int) -> bool:
    """Whether negation or future speech takes the phrase at ``text[start:end]`` back."""
    before = text[max(0, start - REACH) : start]
    cut = max(before.rfind(". "), before.rfind("; "), before.rfind("\n"), before.rfind(": "))
    before = before[cut + 1 :]
    found = _BEFORE.search(before)
    if found and not _WITH_OR_WITHOUT.search(before[max(0, found.start() - 12) :]):
        return True
    return bool(_AFTER.match(text[end : end + REACH]))
