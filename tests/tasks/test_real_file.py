"""The real update file in a real library, once on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.appraise import rulebook
from aggregator.cli.desk import default_config
from aggregator.config import parse as parse_config
from aggregator.model import Design, Integrity, Species
from aggregator.query import parse
from aggregator.sources.files import open_source, read_all
from aggregator.store import Library
from aggregator.store.upkeep import check
from aggregator.tasks.appraise import appraise_pending
from aggregator.tasks.load import Loading, load
from aggregator.tasks.topics import topic_words
from aggregator.vocabulary import bundled

from ..conftest import NOW

pytestmark = pytest.mark.real


def read_in(library: Library, path: Path) -> Loading:
    topics = topic_words(parse_config(default_config(), source="built-in", environment={}))
    with library.writing() as writer, open_source(path) as source:
        loading = load(
            writer, path.name, source.items(), read=read_all, topics=topics, into=None, now=lambda: NOW
        )
        appraise_pending(writer, bundled(), now=lambda: NOW, members_only=True)
    return loading


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, real_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Library, Loading]]:
    """A library with the update file in it, and what loading it said."""
    folder = tmp_path_factory.mktemp("real")
    if request.param == "sqlite":
        library = Library(f"sqlite:///{folder / 'library.db'}", folder)
        yield library, read_in(library, real_files / "pubmed21n1298.xml.gz")
        library.close()
        return
    import psycopg

    server = request.getfixturevalue("postgres_server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS aggregator_real WITH (FORCE)")
        connection.execute("CREATE DATABASE aggregator_real")
    library = Library(server.rsplit("/", 1)[0] + "/aggregator_real", folder)
    yield library, read_in(library, real_files / "pubmed21n1298.xml.gz")
    library.close()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE aggregator_real WITH (FORCE)")


def test_no_paper_is_lost_and_none_stands_twice(filled: tuple[Library, Loading]) -> None:
    library, loading = filled

    assert (loading.counts.seen, loading.counts.new, loading.counts.deleted) == (20_788, 20_783, 20)
    assert loading.counts.changed + loading.counts.older == 5
    sizes = library.sizes()
    assert (sizes["records"], sizes["revisions"], sizes["deletions"]) == (20_783, 20_788, 20)
    assert loading.unreadable == ()


def test_the_highest_version_of_a_paper_stands(filled: tuple[Library, Loading], real_files: Path) -> None:
    library, _ = filled

    paper = library.find("30271887")

    assert paper.revisions == 4
    assert paper.article.version == max(
        item.read().version  # type: ignore[union-attr]  # a paper, as its PMID says
        for item in _items_of(real_files, b">30271887</PMID>")
    )


def _items_of(real_files: Path, pmid: bytes):  # type: ignore[no-untyped-def]
    with open_source(real_files / "pubmed21n1298.xml.gz") as source:
        yield from (item for item in source.items() if item.kind == "article" and pmid in item.raw[:200])


def test_abstracts_retractions_and_withdrawn_pmids_are_counted_right(filled: tuple[Library, Loading]) -> None:
    library, _ = filled

    import sqlalchemy as sa

    with library.reading() as connection:
        with_abstract = connection.execute(
            sa.text("SELECT count(*) FROM records WHERE abstract <> ''")
        ).scalar_one()
        held = connection.execute(
            sa.text("SELECT count(*) FROM records WHERE pmid IN (SELECT pmid FROM deletions)")
        ).scalar_one()
        retracted = connection.execute(
            sa.text("SELECT count(*) FROM records WHERE document LIKE '%\"Retracted Publication\"%'")
        ).scalar_one()

    assert (with_abstract, held, retracted) == (18_440, 0, 4)


def test_searching_kratom_finds_the_three_papers_appraised(filled: tuple[Library, Loading]) -> None:
    library, _ = filled

    total, hits = library.search(parse("kratom"))

    assert total == 3
    papers = {hit.stored.article.pmid: hit.stored for hit in hits}
    assert set(papers) == {"33342583", "33847897", "34091497"}
    dogs, deaths, letter = (papers[pmid].appraisal for pmid in ("33847897", "34091497", "33342583"))
    assert dogs is not None and deaths is not None and letter is not None
    assert (dogs.design, dogs.species) == (Design.ANIMAL, Species.ANIMAL)
    assert "dog" in dogs.organism
    assert (deaths.design, deaths.n) == (Design.FORENSIC_SERIES, 35)
    assert letter.design is Design.OPINION
    assert any(
        (finding.field, finding.quote) == ("publication_type", "Letter") for finding in letter.findings
    )


def test_loading_the_file_again_writes_nothing(filled: tuple[Library, Loading], real_files: Path) -> None:
    library, _ = filled
    before = library.sizes()

    loading = read_in(library, real_files / "pubmed21n1298.xml.gz")

    assert loading.counts.unchanged == loading.counts.seen == 20_788
    assert library.sizes() == before


def test_index_and_papers_agree(filled: tuple[Library, Loading]) -> None:
    assert check(filled[0]) == []


def test_a_whole_file_is_appraised_with_verbatim_quotes(filled: tuple[Library, Loading]) -> None:
    library, _ = filled
    with library.writing() as writer:
        papers = writer.every(limit=400)
    from aggregator.appraise import appraise

    for paper in papers:
        found = appraise(paper.article)
        assert found.rulebook == rulebook(bundled())
        for finding in found.findings:
            if finding.field in ("title", "abstract"):
                text = paper.article.title if finding.field == "title" else paper.article.abstract
                assert text[finding.start : finding.end] == finding.quote
        if any(kind.name == "Retracted Publication" for kind in paper.article.publication_types):
            assert Integrity.RETRACTED in found.integrity


def test_a_paper_that_pubmed_withdraws_is_marked(filled: tuple[Library, Loading], tmp_path: Path) -> None:
    library, _ = filled
    path = tmp_path / "withdrawn.xml"
    path.write_bytes(
        b"<?xml version='1.0' encoding='utf-8'?><PubmedArticleSet><DeleteCitation>"
        b'<PMID Version="1">33847897</PMID></DeleteCitation></PubmedArticleSet>'
    )

    read_in(library, path)

    paper = library.find("33847897")
    assert paper.deleted
    assert paper.appraisal is not None
    assert Integrity.DELETED in paper.appraisal.integrity
