"""Any file at the door: what it is, what is in it, and a plain word when it is something else."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from aggregator.errors import InputError, SourceGarbled
from aggregator.model import Article, Deletion, Origin, Unreadable
from aggregator.sources.files import Format, open_source, read_all

from .made_up import document, record

ONE, TWO = record(pmid="1"), record(pmid="2")
DELETIONS = '<DeleteCitation><PMID Version="1">3</PMID></DeleteCitation>'
NBIB = b"\nPMID- 1\nTI  - A made-up paper.\n\nPMID- 2\nTI  - Another.\n"


def saved(folder: Path, data: bytes, name: str = "some.file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def pmids(path: Path) -> list[str]:
    with open_source(path) as source:
        return [paper.pmid for item in source.items() if isinstance(paper := item.read(), Article)]


def failure(path: Path) -> tuple[list[str], str]:
    """The PMIDs that came before the error, and its message without the folder."""
    found: list[str] = []
    with pytest.raises(InputError) as error, open_source(path) as source:
        for item in source.items():
            paper = item.read()
            found.append(getattr(paper, "pmid", "?"))
    assert error.value.hint
    assert "\n" not in error.value.message
    return found, error.value.message.replace(str(path), "FILE")


# ------------------------------------------------------------------------------------------ what is read


@pytest.mark.parametrize("name", ["a.xml", "a.nbib", "a"])
def test_looks_at_the_content_not_at_the_name(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, document(ONE, TWO), name)

    with open_source(path) as source:
        assert (source.kind, source.name, source.size) == (Format.PUBMED_XML, name, path.stat().st_size)
    assert pmids(path) == ["1", "2"]


def test_reads_medline_text(tmp_path: Path) -> None:
    path = saved(tmp_path, NBIB)

    with open_source(path) as source:
        items = list(source.items())

    assert source.kind is Format.MEDLINE
    assert [(item.kind, item.raw, item.place) for item in items] == [
        ("article", b"PMID- 1\nTI  - A made-up paper.\n", "record 1"),
        ("article", b"PMID- 2\nTI  - Another.\n", "record 2"),
    ]
    assert [paper.origin for paper in read_all(items) if isinstance(paper, Article)] == [Origin.MEDLINE] * 2


@pytest.mark.parametrize(
    "data", [document(ONE, TWO), NBIB, b"\xef\xbb\xbf" + document(ONE, TWO), b"\xef\xbb\xbf" + NBIB]
)
def test_reads_gzip_of_one_or_several_members(tmp_path: Path, data: bytes) -> None:
    half = len(data) // 2

    assert pmids(saved(tmp_path, gzip.compress(data))) == ["1", "2"]
    assert pmids(saved(tmp_path, gzip.compress(data[:half]) + gzip.compress(data[half:]))) == ["1", "2"]


def test_reads_utf16_xml(tmp_path: Path) -> None:
    data = document(ONE, TWO).decode().replace("utf-8", "utf-16").encode("utf-16")

    assert pmids(saved(tmp_path, data)) == ["1", "2"]


def test_gives_deletions_and_unreadable_records_in_their_places(tmp_path: Path) -> None:
    broken = record(pmid="8").replace("<Article ", "<Artikel ")
    path = saved(tmp_path, document(ONE, broken, TWO, DELETIONS))

    with open_source(path) as source:
        items = list(source.items())

    assert [item.kind for item in items] == ["article", "article", "article", "delete"]
    one, bad, two, gone = read_all(items)
    assert (getattr(one, "pmid", ""), getattr(two, "pmid", "")) == ("1", "2")
    assert isinstance(bad, Unreadable)
    assert (bad.pmid, bad.place) == ("8", "record 2")
    assert gone == Deletion(pmids=("3",))
    assert [item.read() for item in items] == [one, bad, two, gone]


def test_does_not_parse_a_record_until_it_is_asked_to(tmp_path: Path) -> None:
    with open_source(saved(tmp_path, document("<PubmedArticle>not even </xml></PubmedArticle>"))) as source:
        (item,) = source.items()

    assert item.raw == b"<PubmedArticle>not even </xml></PubmedArticle>"


def test_tells_how_far_it_has_read(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        gzip.compress(document(*(record(pmid=str(n), beside=os.urandom(400).hex()) for n in range(6000)))),
    )

    with open_source(path) as source:
        items = source.items()
        next(items)
        early = source.position
        list(items)

    assert 0 < early < source.size
    assert source.position == source.size


# ------------------------------------------------------------------------------------------ what is refused


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert failure(tmp_path / "none.xml") == ([], "no such file: FILE")


def test_names_a_folder(tmp_path: Path) -> None:
    assert failure(tmp_path) == ([], "FILE is a folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_names_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = saved(tmp_path, document(ONE))
    path.chmod(0)

    assert failure(path) == ([], "no permission to read FILE")


def test_refuses_a_name_no_system_can_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot open|no such file"):
        open_source(tmp_path / ("x" * 5000))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "FILE is empty"),
        (b" \n\t\n", "FILE is empty"),
        (gzip.compress(b""), "FILE is empty"),
        (b"%PDF-1.7 ...", "FILE is a PDF"),
        (b"PK\x03\x04....", "FILE is a zip archive"),
        (b"BZh91AY", "FILE is packed with bzip2"),
        (b"\xfd7zXZ\x00...", "FILE is packed with xz"),
        (b"<!DOCTYPE html>\n<html></html>", "FILE is a web page"),
        (b"<!-- x --> <HTML>", "FILE is a web page"),
        (b"TY  - JOUR\nTI  - x\n", "FILE is RIS, which is not read"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "FILE is a binary file"),
        (b"\x00" * 100, "FILE is a binary file"),
        (b"pmid,title\n1,x\n", "FILE is neither PubMed XML nor MEDLINE text"),
        (b'{"esearchresult": {}}', "FILE is neither PubMed XML nor MEDLINE text"),
        (b"<rss></rss>", "FILE: the XML holds <rss>, not <PubmedArticleSet>"),
        (NBIB.decode().encode("utf-16"), "FILE is UTF-16 text"),
        (NBIB + "TI  - caf\u00e9\n".encode("latin-1"), "FILE is not UTF-8 text"),
        (gzip.compress(gzip.compress(NBIB)), "FILE is packed with gzip twice"),
        (b"\x1f\x8b\x08garbage of some length", "FILE: the gzip file"),
        (b"\x1f\x8b", "FILE: the gzip file"),
    ],
)
def test_says_in_one_line_what_a_file_is_instead(tmp_path: Path, data: bytes, message: str) -> None:
    found, said = failure(saved(tmp_path, data))

    assert found == []
    assert said.startswith(message)


def test_shows_an_error_message_of_ncbi_that_was_saved(tmp_path: Path) -> None:
    path = saved(tmp_path, b"<eFetchResult><ERROR>Cannot do it</ERROR></eFetchResult>")

    with (
        pytest.raises(SourceGarbled, match=r"some\.file: NCBI answered with an error: Cannot do it"),
        open_source(path) as source,
    ):
        list(source.items())


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_gives_what_was_whole_before_a_gzip_file_breaks_off(tmp_path: Path, keep: float) -> None:
    records = [record(pmid=str(n + 1), beside=os.urandom(400).hex()) for n in range(5000)]
    packed = gzip.compress(document(*records))

    found, message = failure(saved(tmp_path, packed[: int(len(packed) * keep)]))

    assert message == "FILE: the gzip file breaks off before its end"
    assert 1000 < len(found) < 5000
    assert found == [str(n + 1) for n in range(len(found))]


def test_a_gzip_file_without_its_checksum_is_reported_after_all_records(tmp_path: Path) -> None:
    assert failure(saved(tmp_path, gzip.compress(document(ONE, TWO))[:-8])) == (
        ["1", "2"],
        "FILE: the gzip file breaks off before its end",
    )


def test_a_gzip_file_with_a_wrong_checksum_is_reported(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(document(*(record(pmid=str(n + 1)) for n in range(2000)))))
    packed[-6] ^= 0xFF

    found, message = failure(saved(tmp_path, bytes(packed)))

    assert found == [str(n + 1) for n in range(len(found))]
    assert message.startswith("FILE: the gzip file is damaged")


def test_zeros_after_a_gzip_file_are_padding(tmp_path: Path) -> None:
    assert pmids(saved(tmp_path, gzip.compress(document(ONE)) + b"\0" * 600_000)) == ["1"]


def test_does_not_take_half_a_medline_record_for_a_whole_one(tmp_path: Path) -> None:
    records = b"".join(
        b"PMID- %d\nTI  - %s\n\n" % (n + 1, os.urandom(300).hex().encode()) for n in range(5000)
    )
    packed = gzip.compress(records)

    found, message = failure(saved(tmp_path, packed[: len(packed) // 2]))

    assert message == "FILE: the gzip file breaks off before its end"
    assert found == [str(n + 1) for n in range(len(found))]
    with open_source(saved(tmp_path, records)) as source:
        whole = [item.raw for item in source.items()][: len(found)]
    with pytest.raises(InputError), open_source(saved(tmp_path, packed[: len(packed) // 2])) as source:
        assert all(item.raw in whole for item in source.items())


def test_closes_the_file_when_it_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, b"%PDF-1.7")

    with pytest.raises(InputError):
        open_source(path)
    path.unlink()  # an open file would raise ResourceWarning, which is an error here
