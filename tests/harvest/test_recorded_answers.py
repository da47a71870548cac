"""Every recorded answer of NCBI gives the right values or the right error: network closed, home untouched."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import AggregatorError, QueryError, SourceGarbled, SourceRefused, SourceUnavailable
from aggregator.http import Answer
from aggregator.sources import answers, dtds
from aggregator.sources.answers import BeyondWall, History, HistoryLost, Links, Notice, TooFast

_ROOT = Path(__file__).resolve().parents[2]
_DATA = _ROOT.parent / "shared" / "data" / "eutils"
_needs_data = pytest.mark.skipif(not _DATA.is_dir(), reason="../shared/data/eutils is not here")
_PLACEHOLDER = b'"(9999 ids left out)"'


def _answer(name: str) -> Answer:
    (path,) = _DATA.rglob(name)
    body = path.read_bytes().replace(_PLACEHOLDER, b",".join(b'"%d"' % n for n in range(1, 10_000)))
    status = int(name[:3]) if path.parent.name == "errors" else 200
    return Answer(status, "", body)


def _body(name: str) -> bytes:
    return answers.content(_answer(name))


def _search(name: str) -> dict[str, Any]:
    result = answers.search_result(_body(name))
    return {
        "count": result.count,
        "ids": len(result.ids),
        "first": result.ids[:1],
        "start": result.start,
        "kept": result.history is not None,
        "translation": result.query_translation,
        "notices": [str(notice) for notice in result.notices],
        "clamped": result.clamped,
    }


def _found(count: int, ids: int, *first: str, **other: Any) -> dict[str, Any]:
    usual = {"start": 0, "kept": False, "translation": "", "notices": [], "clamped": False}
    return {"count": count, "ids": ids, "first": first, **usual, **other}


def _set(name: str) -> int:
    return answers.article_set(_body(name)).count(b"<PubmedArticle>")


def _links(name: str) -> dict[str, int]:
    found = answers.links(_body(name))
    return {links.name.removeprefix("pubmed_pubmed"): len(links.to) for links in found}


def _database(name: str) -> tuple[str, int, int]:
    about = answers.database(_body(name))
    return about.name, about.count, len(about.fields)


def _databases(name: str) -> tuple[int, str]:
    names = answers.databases(_body(name))
    return len(names), names[0]


def _summaries(name: str) -> list[tuple[str, str]]:
    return [(one.pmid, one.published) for one in answers.summaries(_body(name)).found]


def _spelling(name: str) -> str:
    return str(dtds.read(_body(name))["CorrectedQuery"])


_CANCER = (
    '("cancer s"[All Fields] OR "cancerated"[All Fields] OR "canceration"[All Fields] OR '
    '"cancerization"[All Fields] OR "cancerized"[All Fields] OR "cancerous"[All Fields] OR '
    '"neoplasms"[MeSH Terms] OR "neoplasms"[All Fields] OR "cancer"[All Fields] OR "cancers"[All Fields]) '
    "AND 2025/09/27:2025/11/26[Date - Entry]"
)

VALUES: dict[str, tuple[Callable[[str], Any], Any]] = {
    "200_efetch_empty_set.xml": (_set, 0),
    "200_esearch_empty.json": (_search, _found(0, 0, notices=["OutputMessage: No items found."])),
    "200_esearch_field_not_found.xml": (_search, _found(870, 0, notices=["FieldNotFound: NoSuchField"])),
    "200_esearch_retmax_clamped.json": (
        _search,
        _found(
            5714266,
            9999,
            "1",
            clamped=True,
            notices=["OutputMessage: Restrictions achieved. start and count adjusted to 0, 9999"],
        ),
    ),
    "test_efetch.body0.xml": (_set, 1),
    "test_einfo_dbinfo.body0.xml": (_database, ("protein", 1291933024, 33)),
    "test_einfo_dblist.body0.xml": (_databases, (40, "pubmed")),
    "test_elink.body0.xml": (
        _links,
        {
            "": 94,
            "_alsoviewed": 1,
            "_citedin": 8,
            "_combined": 6,
            "_five": 6,
            "_reviews": 3,
            "_reviews_five": 3,
        },
    ),
    "test_esearch.body0.xml": (_search, _found(5, 5, "1054894", kept=True, translation="OCRL[All Fields]")),
    "test_esearchresult.body1.xml": (
        _search,
        _found(34, 34, "40455089", kept=True, translation="hart, rk[Author] OR hart rk[Author]"),
    ),
    "test_eutils_xmlfacades_pubmedarticle_20412080.body0.xml": (_set, 1),
    "test_eutils_xmlfacades_pubmedarticle_22351513.body0.xml": (_set, 1),
    "test_eutils_xmlfacades_pubmedarticle_22528466.body0.xml": (_set, 1),
    "test_eutils_xmlfacades_pubmedarticle_23121403.body0.xml": (_set, 1),
    "test_eutils_xmlfacades_pubmedarticle_29915538.body0.xml": (_set, 1),
    "einfo1.xml": (_databases, (39, "pubmed")),
    "einfo2.xml": (_database, ("pubmed", 39730388, 50)),
    "elink1.xml": (
        _links,
        {"": 101, "_citedin": 39, "_combined": 5, "_five": 5, "_refs": 56, "_reviews": 1, "_reviews_five": 5},
    ),
    "elink2.xml": (_links, {"nuccore_protein": 1}),
    "elink8.xml": (_links, {}),
    "epost1.xml": (lambda name: answers.history(_body(name)), History("MCID_692851c130aec64bed0a8c2a", "1")),
    "esearch1.xml": (_search, _found(63, 20, "41282813", translation='"biopython"[All Fields]')),
    "esearch2.xml": (_search, _found(42249, 100, "41297076", kept=True, translation=_CANCER)),
    "esearch3.xml": (
        _search,
        _found(
            2651,
            6,
            "11121077",
            start=6,
            translation='"proc natl acad sci u s a"[Journal] AND "97"[Volume]',
        ),
    ),
    "esearch8.xml": (
        _search,
        _found(
            0,
            0,
            translation="(abcXYZ[All Fields])",
            notices=["PhraseNotFound: abcXYZ", "OutputMessage: No items found."],
        ),
    ),
    "espell.xml": (_spelling, "biopython"),
    "esummary1.xml": (_summaries, [("11850928", "1965 Aug"), ("11482001", "2001 Jun")]),
    "pubmed1.xml": (_set, 2),
    "pubmed2.xml": (_set, 2),
    "pubmed4.xml": (_set, 1),
    "pubmed5.xml": (_set, 1),
    "pubmed6.xml": (_set, 1),
}

ERRORS: dict[str, tuple[Callable[[str], Any], type[AggregatorError], str]] = {
    "200_efetch_history_lost.xml": (_set, HistoryLost, "NCBI: Cannot retrieve history data"),
    "200_esearch_backend_address_table_empty.json": (
        _search,
        SourceUnavailable,
        "NCBI: Search Backend failed",
    ),
    "200_esearch_expired_webenv.json": (_search, HistoryLost, "NCBI: Unable to obtain query #1"),
    "200_esearch_retstart_10000_INVALID_JSON.json": (_search, BeyondWall, "'retstart' cannot be larger"),
    "200_esearch_retstart_9999.xml": (_search, BeyondWall, "'retstart' cannot be larger than 9998"),
    "400_api_key_invalid.json": (_search, SourceRefused, "NCBI: API key invalid"),
    "429_rate_limit_no_key.json": (_search, TooFast, "NCBI: API rate limit exceeded"),
    "test_esearchresult.body0.xml": (_set, SourceGarbled, "no article set but 'GBSet'"),
    "test_esummary.body0.xml": (
        _summaries,
        SourceGarbled,
        "a DTD that is not bundled: 'esummary_medgen.dtd'",
    ),
    "test_two_snps.body0.xml": (_spelling, SourceGarbled, "not XML of a known kind"),
    "test_two_snps.body1.xml": (_set, SourceGarbled, "no article set but 'ExchangeSet'"),
    "epost2.xml": (_search, SourceRefused, "NCBI refuses: Invalid db name specified: nothing"),
    "epost3.xml": (_search, SourceRefused, "NCBI refuses: Empty ID list; Nothing to store"),
    "esummary8.xml": (_summaries, SourceRefused, "NCBI refuses: Neither query_key nor id specified"),
    "pubmed3.html": (_set, SourceUnavailable, "a web page instead of an answer"),
    "pubmed_result1.txt": (_set, SourceGarbled, "neither XML nor JSON"),
    "pubmed_result2.txt": (_set, SourceGarbled, "neither XML nor JSON"),
    "pubmed_result3.txt": (_set, SourceGarbled, "neither XML nor JSON"),
}


@pytest.fixture(autouse=True)
def empty_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@_needs_data
@pytest.mark.parametrize("name", VALUES)
def test_a_recorded_answer_gives_its_values(name: str, empty_home: Path, socket_disabled: None) -> None:
    read, expected = VALUES[name]

    assert read(name) == expected
    assert list(empty_home.iterdir()) == []


@_needs_data
@pytest.mark.parametrize("name", ERRORS)
def test_a_recorded_failure_gives_its_error(name: str, empty_home: Path, socket_disabled: None) -> None:
    read, kind, words = ERRORS[name]

    with pytest.raises(kind) as caught:
        read(name)

    assert words in caught.value.message
    assert type(caught.value) is kind
    assert list(empty_home.iterdir()) == []


@_needs_data
def test_the_table_names_every_recorded_file() -> None:
    assert sorted(path.name for path in _DATA.rglob("*.*")) == sorted([*VALUES, *ERRORS])


@_needs_data
@pytest.mark.parametrize("name", ["400_api_key_invalid.json", "429_rate_limit_no_key.json"])
def test_a_refusal_shows_neither_key_nor_address(name: str) -> None:
    with pytest.raises(AggregatorError) as caught:
        _body(name)

    shown = f"{caught.value!r} {caught.value.message} {caught.value.hint} {caught.value.__dict__}"
    assert "EXAMPLE_KEY" not in shown
    assert "203.0.113" not in shown


def test_reading_an_answer_in_a_fresh_process_makes_no_folder_in_the_home(tmp_path: Path) -> None:
    body = b'<?xml version="1.0"?><eSearchResult><Count>0</Count><IdList/></eSearchResult>'
    code = f"from aggregator.sources.answers import search_result as s; assert s({body!r}).count == 0"

    subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        cwd=_ROOT,
        env={**os.environ, "HOME": str(tmp_path)},
    )

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE eSearchResult SYSTEM "https://evil.example.org/esearch-next.dtd">',
        '<!DOCTYPE eSearchResult SYSTEM "https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20300101/esearch_30.dtd">',
        '<!DOCTYPE eSearchResult SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE eSearchResult SYSTEM "../../../../etc/passwd">',
        '<!DOCTYPE eSearchResult [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_an_unknown_dtd_is_an_error_and_opens_nothing(doctype: str, socket_disabled: None) -> None:
    body = f'<?xml version="1.0"?>{doctype}<eSearchResult><Count>1</Count></eSearchResult>'.encode()

    with pytest.raises(SourceGarbled):
        answers.search_result(answers.content(Answer(200, "text/xml", body)))


def test_an_unknown_schema_is_an_error_and_opens_nothing(socket_disabled: None) -> None:
    body = (
        b'<?xml version="1.0"?><eSearchResult xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:noNamespaceSchemaLocation="https://www.ncbi.nlm.nih.gov/x/new.xsd"><Count>1</Count></eSearchResult>'
    )

    with pytest.raises(SourceGarbled):
        dtds.read(body.replace(b"eSearchResult", b"Other"))


def test_an_unknown_field_names_itself_and_its_place() -> None:
    result = answers.SearchResult(count=870, ids=(), notices=(Notice("FieldNotFound", "NoSuchField"),))

    with pytest.raises(QueryError) as caught:
        answers.checked_fields(result, "kratom[tiab] AND liver[nosuchfield]")

    assert "[NoSuchField]" in caught.value.message
    assert caught.value.query[caught.value.place :] == "[nosuchfield]"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", SourceUnavailable),
        (200, b"  \n", SourceUnavailable),
        (200, b'<?xml version="1.0"?><PubmedArticleSet><PubmedArticle>', SourceUnavailable),
        (200, b'{"esearchresult":{"count":"5","idl', SourceUnavailable),
        (200, b'{"error":"API rate limit exceeded","api-key":"1.2.3.4","count":"4","limit":"3"}', TooFast),
        (429, b"<html>slow down</html>", TooFast),
        (500, b"", SourceUnavailable),
        (502, b"<html>Bad gateway</html>", SourceUnavailable),
        (302, b"", SourceUnavailable),
        (400, b"<eFetchResult><ERROR>Cannot retrieve history data.</ERROR></eFetchResult>", HistoryLost),
        (400, b"", SourceRefused),
        (403, b"<html>blocked</html>", SourceRefused),
        (414, b"", SourceRefused),
        (200, b"[1, 2]", SourceGarbled),
        (200, b"id: 12", SourceGarbled),
        (200, b"Error occurred: the server is temporarily unavailable", SourceUnavailable),
        (200, b"<PubmedArticleSet><PubmedArticle><Journal/>", SourceUnavailable),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_answer_is_an_error(
    status: int, body: bytes, kind: type[AggregatorError]
) -> None:
    with pytest.raises(kind) as caught:
        answers.content(Answer(status, "", body))

    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [b"<PubmedArticleSet/>", b'<PubmedArticleSet a="b" />\n'])
def test_an_empty_set_in_one_tag_is_whole(body: bytes) -> None:
    assert answers.is_empty_set(answers.article_set(answers.content(Answer(200, "", body))))


_READERS = (
    answers.search_result,
    answers.history,
    answers.summaries,
    answers.links,
    answers.databases,
    answers.database,
    answers.article_set,
)
_SEEDS = [
    b"<eSearchResult><Count>3</Count><IdList><Id>1</Id><Id>2</Id></IdList></eSearchResult>",
    b'<?xml version="1.0"?><ePostResult><QueryKey>1</QueryKey><WebEnv>M</WebEnv></ePostResult>',
    b'<?xml version="1.0"?><eSummaryResult><DocSum><Id>1</Id></DocSum></eSummaryResult>',
    b"<eLinkResult><LinkSet><LinkSetDb><Link><Id>7</Id></Link></LinkSetDb></LinkSet></eLinkResult>",
    b"<eInfoResult><DbInfo><DbName>pubmed</DbName><Count>1</Count></DbInfo></eInfoResult>",
    b'{"esearchresult":{"count":"1","idlist":["1"],"errorlist":{"phrasesnotfound":["x"]}}}',
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_SEEDS), st.sampled_from(_READERS), st.data())
def test_no_damage_to_an_answer_gives_anything_but_our_errors(
    body: bytes, read: Callable[[bytes], Any], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 30)))
    damaged = body[:start] + data.draw(st.binary(max_size=6) | st.sampled_from(_SEEDS)) + body[end:]

    with contextlib.suppress(AggregatorError):
        read(answers.content(Answer(200, "", damaged)))


@pytest.mark.parametrize(
    "body",
    [
        b'{"esearchresult":{"count":"1","idlist":["1"],"errorlist":["x"]}}',
        b'{"esearchresult":{"count":"1","idlist":5}}',
        b'{"esearchresult":{"count":"many","idlist":[]}}',
        b'{"esearchresult":[]}',
        b"<eSearchResult><IdList><Id>1</Id></IdList></eSearchResult>",
        b"<eSearchResult><Count>1</Count><IdList><Id>one</Id></IdList></eSearchResult>",
    ],
)
def test_a_search_answer_of_another_shape_is_garbled(body: bytes) -> None:
    with pytest.raises(SourceGarbled):
        answers.search_result(answers.content(Answer(200, "", body)))


def test_summaries_tell_found_from_missing() -> None:
    body = (
        b'<?xml version="1.0"?><eSummaryResult>'
        b'<DocSum><Id>1</Id><Item Name="Title" Type="String">One</Item></DocSum>'
        b"<ERROR>UID=2: cannot get document summary</ERROR></eSummaryResult>"
    )

    result = answers.summaries(answers.content(Answer(200, "", body)))

    assert [one.title for one in result.found] == ["One"]
    assert result.missing == ("2",)


def test_links_come_with_their_name() -> None:
    body = (
        b'<?xml version="1.0"?><eLinkResult><LinkSet><DbFrom>pubmed</DbFrom><IdList><Id>1</Id></IdList>'
        b"<LinkSetDb><DbTo>pubmed</DbTo><LinkName>pubmed_pubmed_refs</LinkName><Link><Id>7</Id></Link></LinkSetDb></LinkSet>"
        b"</eLinkResult>"
    )

    assert answers.links(body) == (Links(("1",), "pubmed_pubmed_refs", ("7",)),)
