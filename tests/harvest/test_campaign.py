"""Twenty schedules of the fault campaign; ``make soak`` runs two hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harvest.campaign import Campaign
from tests.harvest.zygote import Zygote


@pytest.mark.parametrize("seed", range(20))
def test_faults_and_kills_at_any_moment_lose_nothing(seed: int, zygote: Zygote, tmp_path: Path) -> None:
    Campaign(seed, zygote, tmp_path / "work").run()
