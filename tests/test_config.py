"""Configuration: values, environment, mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.config import interval_hours, parse
from aggregator.errors import ConfigError
from aggregator.model import Question

DEFAULT = (Path(__file__).resolve().parent.parent / "config.toml").read_text()


def settings(text: str = "", **environment: str):  # type: ignore[no-untyped-def]
    return parse(text, source="config.toml", environment=environment)


def test_the_default_configuration_asks_about_liver_pain_and_everything_on_kratom() -> None:
    topics = {topic.name: topic for topic in settings(DEFAULT).topic}

    assert {name: topic.kind for name, topic in topics.items()} == {
        "hepatotoxicity": Question.HARM,
        "analgesia": Question.BENEFIT,
        "kratom": Question.ANY,
    }
    for topic in topics.values():
        assert topic.query.count("(") == topic.query.count(")")
        assert "7-OH" not in topic.query
    assert "Mitragyna[mh]" in topics["kratom"].query


def test_the_environment_overrides_the_file() -> None:
    found = settings(
        '[library]\nurl = "sqlite:///a.db"',
        AGGREGATOR_LIBRARY__URL="sqlite:///b.db",
        AGGREGATOR_NCBI__EMAIL="a@b",
    )

    assert (found.library.url, found.ncbi.email) == ("sqlite:///b.db", "a@b")


def test_every_mistake_is_named_with_its_key() -> None:
    with pytest.raises(ConfigError) as wrong:
        settings(
            '[library]\nurk = 1\n[ncbi]\nlookback_days = -1\n[[topic]]\nname = "a b"\nintervention = "kratom"'
        )

    for key in ("library.urk", "ncbi.lookback_days", "topic[0].name"):
        assert key in wrong.value.message


@pytest.mark.parametrize(
    "text",
    [
        '[[topic]]\nname = "x"\nintervention = "kratom"\n[[topic]]\nname = "x"\nintervention = "kratom"',
        '[[topic]]\nname = "x"\nkind = "harm"\nintervention = "kratom"',
        '[[topic]]\nname = "x"\nintervention = "kratom"\nevery = "soon"',
        '[[report]]\nname = "x"\ntopics = ["none"]',
        '[ncbi]\nbase_url = "ftp://example.org"',
        '[[outcome]]\nterms = ["x"]',
        "library = 3",
    ],
)
def test_what_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        settings(text)


def test_a_key_in_the_file_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError) as wrong:
        settings('[ncbi]\napi_key = "abc123"')

    assert "abc123" not in wrong.value.message + wrong.value.hint


@pytest.mark.parametrize(("every", "hours"), [("6h", 6), ("1d", 24), ("2w", 336)])
def test_intervals_are_read(every: str, hours: int) -> None:
    assert interval_hours(every) == hours
