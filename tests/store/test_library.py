"""The library on both databases: identity, revisions, deletions, search, history."""

from __future__ import annotations

import pytest

from aggregator.errors import InputError, LibraryBusy, StoreOutdated
from aggregator.model import (
    Appraisal,
    Article,
    Author,
    Deletion,
    Design,
    Integrity,
    Keyword,
    MeshHeading,
    MeshQualifier,
    Origin,
    Section,
    Unreadable,
)
from aggregator.query import parse
from aggregator.store import Library
from aggregator.store.upkeep import check
from aggregator.store.writing import Counts

from ..conftest import NOW
from .arrivals import arrival

TITLE = "Severe liver injury after a herbal powder"


def stored(library: Library, *articles: Article, topics: tuple[tuple[str, str], ...] = ()) -> Counts:
    with library.writing() as writer:
        receipt = writer.open_receipt("file", "made-up.xml", NOW)
        return writer.store(receipt, [arrival(article, topics=topics) for article in articles])


def test_gives_back_every_field_of_an_article(library: Library) -> None:
    article = Article(
        title=TITLE,
        abstract="METHODS: We looked.\nIt was so.",
        sections=(Section("METHODS", "METHODS", 9, 19), Section("", "", 20, 30)),
        pmid="17",
        doi="10.1000/x y",
        year=2020,
        languages=("eng",),
        authors=(Author("Müller", "Änne", "Ä", affiliations=("Here", "There"), equal_contribution=True), Author(collective="A Group")),
        mesh=(MeshHeading("Liver", "D008099", True, (MeshQualifier("injuries", "Q000293"),)),),
        keywords=(Keyword("kratom 🌿"),),
        other_ids=(("pii", "S1"),),
    )  # fmt: skip

    stored(library, article)

    assert library.find("17").article == article


@pytest.mark.parametrize(
    "text", ["17", "PMID:17", "a1", "10.1000/ABC", "https://doi.org/10.1000/abc", "pmc99"]
)
def test_finds_a_paper_by_any_identifier(library: Library, text: str) -> None:
    stored(library, Article(title=TITLE, pmid="17", doi="10.1000/abc", pmcid="PMC99"))

    assert library.find(text).id == "a1"


def test_an_unknown_identifier_is_the_users_mistake(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17"))

    with pytest.raises(InputError, match="no paper “18”"):
        library.find("18")


def test_the_highest_version_stands_whatever_the_order(library: Library) -> None:
    versions = [Article(title=f"{TITLE} {version}", pmid="17", version=version) for version in (2, 4, 1, 3)]

    counts = stored(library, *versions)

    assert library.find("17").article.version == 4
    assert library.find("17").revisions == 4
    assert (counts.new, counts.changed, counts.older) == (1, 1, 2)


def test_a_later_revision_stands_and_the_earlier_one_stays(library: Library) -> None:
    stored(library, Article(title="Old wording of a title", pmid="17", revised="2020-01-01"))
    stored(library, Article(title="New wording of a title", pmid="17", revised="2021-01-01"))

    assert library.find("17").article.title == "New wording of a title"
    assert [b"Old wording" in raw for _, _, _, raw in library.raw_revisions("a1")] == [True, False]
    assert library.search(parse("old wording"))[0] == 0
    assert library.search(parse("new wording"))[0] == 1
    assert check(library) == []


def test_a_poorer_source_never_replaces_a_richer_one(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17", revised="2020-01-01"))
    stored(
        library,
        Article(title="From a file of citations", pmid="17", origin=Origin.MEDLINE, revised="2025-01-01"),
    )

    assert library.find("17").article.title == TITLE


@pytest.mark.parametrize(
    ("digest", "real"),
    [
        (Article(title="Anything at all here", pmid="17"), Article(title=TITLE, pmid="17")),
        (Article(title="Anything at all here", doi="10.1/x"), Article(title=TITLE, pmid="17", doi="10.1/x")),
        (
            Article(title="Sévere liver-injury, after a herbal powder.", year=2020),
            Article(title=TITLE, pmid="17", year=2020),
        ),
    ],
    ids=["pmid", "doi", "title and year"],
)
@pytest.mark.parametrize("digest_first", [True, False])
def test_a_digest_gives_way_to_the_real_record(
    library: Library, digest: Article, real: Article, digest_first: bool
) -> None:
    from dataclasses import replace

    both = [replace(digest, origin=Origin.DIGEST), real]
    for article in both if digest_first else reversed(both):
        stored(library, article)

    assert library.sizes()["records"] == 1
    assert library.find("17").article == real


def test_two_papers_with_one_title_stay_two(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17", year=2020), Article(title=TITLE, pmid="18", year=2020))

    assert library.sizes()["records"] == 2


def test_two_pmids_with_one_doi_stay_two(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17", doi="10.1/x"), Article(title=f"Correction: {TITLE}", pmid="18", doi="10.1/x"))  # fmt: skip

    assert library.sizes()["records"] == 2


def test_a_copy_with_other_white_space_is_no_change(library: Library) -> None:
    article = Article(title=TITLE, pmid="17")
    stored(library, article)
    with library.writing() as writer:
        receipt = writer.open_receipt("file", "again.xml", NOW)
        counts = writer.store(receipt, [arrival(article, raw=b"<a>  indented otherwise  </a>")])
        known = writer.known([arrival(article, raw=b"<a>  indented otherwise  </a>").raw_hash])

    assert (counts.unchanged, counts.changed) == (1, 0)
    assert set(known.values()) == {1}
    assert library.find("17").revisions == 1


def test_a_withdrawn_paper_is_marked_and_never_dropped(library: Library) -> None:
    with library.writing() as writer:
        receipt = writer.open_receipt("file", "made-up.xml", NOW)
        writer.store(receipt, [arrival(Article(title=TITLE, pmid="17"))])
        papers = writer.every()
        writer.save_appraisals(NOW, [(papers[0], Appraisal(design=Design.CASE_REPORT, rulebook="1"))])
        counts = writer.store(receipt, [], deletions=[Deletion(pmids=("17", "99"))])

    assert counts.deleted == 2
    assert library.deleted_pmids() == ["17", "99"]
    paper = library.find("17")
    assert paper.deleted
    assert paper.appraisal is not None
    assert paper.appraisal.integrity == (Integrity.DELETED,)


def test_an_unreadable_record_is_kept_once_with_its_bytes(library: Library) -> None:
    broken = Unreadable(reason="no such thing", raw=b"<PubmedArticle>\xff", pmid="5", place="record 3")
    for _ in range(2):
        with library.writing() as writer:
            writer.store(writer.open_receipt("file", "made-up.xml", NOW), [], unreadable=[broken])

    assert library.unreadable() == [broken]


def test_old_appraisals_stay_as_history(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17"))
    for book in ("1", "2"):
        with library.writing() as writer:
            (paper,) = writer.pending(book)
            writer.save_appraisals(NOW, [(paper, Appraisal(design=Design.CASE_SERIES, rulebook=book))])

    assert [appraisal.rulebook for _, appraisal in library.past_appraisals("a1")] == ["1", "2"]
    with library.writing() as writer:
        assert writer.pending("2") == []


def test_a_changed_record_waits_for_appraisal_again(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17"))
    with library.writing() as writer:
        writer.save_appraisals(NOW, [(paper, Appraisal(rulebook="1")) for paper in writer.pending("1")])
    stored(library, Article(title=TITLE, abstract="Now with an abstract.", pmid="17", revised="2021-01-01"))

    with library.writing() as writer:
        assert len(writer.pending("1")) == 1


def test_phrases_never_run_over_fields_or_headings(library: Library) -> None:
    stored(
        library,
        Article(
            title="A study of kratom",
            abstract="Liver tests were done.",
            pmid="17",
            keywords=(Keyword("opioid"), Keyword("withdrawal")),
        ),
    )

    assert library.search(parse('"kratom opioid"'))[0] == 0
    assert library.search(parse('"opioid withdrawal"'))[0] == 0
    assert library.search(parse('"withdrawal liver"'))[0] == 0
    assert library.search(parse("kratom opioid liver"))[0] == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tnf alpha", 1),
        ("TNF-α", 1),
        ("7-hydroxymitragynine", 1),
        ("muller", 1),
        ("o'brien", 1),
        ('"u l"', 1),
        ("mitra", 0),
    ],
)
def test_text_is_found_as_a_person_types_it(library: Library, text: str, found: int) -> None:
    stored(
        library,
        Article(
            title="TNFα and TNF-α of 7-hydroxymitragynine", abstract="Müller and O’Brien saw 5 U/L.", pmid="1"
        ),
    )

    assert library.search(parse(text))[0] == found


def test_a_title_hit_ranks_before_an_abstract_hit(library: Library) -> None:
    stored(
        library,
        Article(title="Something else entirely", abstract="The liver is named once.", pmid="1"),
        Article(title="The liver", abstract="Something else entirely.", pmid="2"),
    )

    _, hits = library.search(parse("liver"))

    assert [hit.stored.article.pmid for hit in hits] == ["2", "1"]


def test_a_search_within_a_topic_finds_its_members_only(library: Library) -> None:
    stored(library, Article(title="Liver one", pmid="1"), topics=(("kava", "words"),))
    stored(library, Article(title="Liver two", pmid="2"))

    assert [hit.stored.article.pmid for hit in library.search(parse("liver"), topic="kava")[1]] == ["1"]


def test_a_second_writer_is_refused_at_once(library: Library, library_url: str) -> None:
    from pathlib import Path

    other = Library(library_url, Path())
    with library.writing(), pytest.raises(LibraryBusy), other.writing():
        pass
    with other.writing():
        pass
    other.close()


def test_a_failed_unit_leaves_the_library_as_it_was(library: Library) -> None:
    stored(library, Article(title=TITLE, pmid="17"))
    before = library.sizes()

    def breaking() -> object:
        yield ("topic", 999_999, "person")

    with library.writing() as writer, pytest.raises(Exception, match="library failed"):
        receipt = writer.open_receipt("file", "made-up.xml", NOW)
        writer.store(receipt, [arrival(Article(title="Another paper", pmid="18"))], members=breaking())  # type: ignore[arg-type]

    assert library.sizes() == before
    assert check(library) == []


def test_a_library_of_a_newer_program_is_left_alone(library: Library) -> None:
    import sqlalchemy as sa

    stored(library, Article(title=TITLE, pmid="17"))
    with library._engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreOutdated, match="newer program"):
        library.find("17")
    with pytest.raises(StoreOutdated, match="newer program"), library.writing():
        pass


def test_the_check_notices_an_index_that_disagrees(library: Library) -> None:
    import sqlalchemy as sa

    stored(library, Article(title=TITLE, pmid="17"), Article(title="Another one here", pmid="18"))
    with library._engine.begin() as connection:
        connection.execute(sa.text("UPDATE records SET title = 'Something else' WHERE pmid = '18'"))

    assert check(library) == ["paper a2: the search index does not agree with it"]


def test_the_check_notices_damaged_bytes(library: Library) -> None:
    import sqlalchemy as sa

    stored(library, Article(title=TITLE, pmid="17"))
    with library._engine.begin() as connection:
        connection.execute(sa.text("UPDATE revisions SET raw = raw_hash"))

    assert check(library) == ["paper a1: the bytes of revision 1 are damaged"]
