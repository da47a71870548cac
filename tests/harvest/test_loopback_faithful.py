"""The loopback NCBI, checked by clients that we did not write."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.harvest.conftest import Start
from tests.ncbi import Ncbi, article


@pytest.fixture
def entrez(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Ncbi], Any]:
    """`Bio.Entrez`, sent to the loopback server; its addresses are fixed, so its ``urlopen`` is replaced."""
    monkeypatch.setenv("HOME", str(tmp_path))
    from Bio import Entrez

    def sent_to(ncbi: Ncbi) -> Any:
        real = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

        def urlopen(request: Any) -> Any:
            request.full_url = request.full_url.replace(
                "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/", ncbi.url
            )
            with real(request) as response:
                answer = io.BytesIO(response.read())
                answer.headers = response.headers  # type: ignore[attr-defined]  # as Biopython reads them
                answer.url = response.url  # type: ignore[attr-defined]
                return answer

        monkeypatch.setattr(Entrez, "urlopen", urlopen)
        monkeypatch.setattr(Entrez, "email", "tester@example.org")
        monkeypatch.setattr(Entrez, "tool", "test")
        monkeypatch.setattr(Entrez, "max_tries", 1)
        monkeypatch.setattr(Entrez, "sleep_between_tries", 0)
        return Entrez

    return sent_to


def test_biopython_searches_and_reads_the_ids(served: Start, entrez: Callable[[Ncbi], Any]) -> None:
    ncbi = served(*(article(n, title=f"Kratom {n}") for n in range(1, 31)), article(99, title="Coffee"))
    bio = entrez(ncbi)

    result = bio.read(bio.esearch(db="pubmed", term="kratom[tiab]"))

    assert result["Count"] == "30"
    assert result["IdList"] == [str(n) for n in range(30, 10, -1)]  # retmax is 20 by default


def test_biopython_reads_every_kind_of_small_answer(served: Start, entrez: Callable[[Ncbi], Any]) -> None:
    ncbi = served(article(1, title="Mitragynine & the liver"), article(2, relations=(("ErratumFor", 1),)))
    bio = entrez(ncbi)

    posted = bio.read(bio.epost(db="pubmed", id="1,2"))
    summary = bio.read(bio.esummary(db="pubmed", id="1"))
    links = bio.read(bio.elink(dbfrom="pubmed", id="2", linkname="pubmed_pubmed_refs"))
    info = bio.read(bio.einfo(db="pubmed"))
    listed = bio.read(bio.einfo())

    assert posted["QueryKey"] == "1"
    assert summary[0]["Title"] == "Mitragynine & the liver"
    assert links[0]["LinkSetDb"][0]["Link"] == [{"Id": "1"}]
    assert info["DbInfo"][0]["Count"] == "2"
    assert listed["DbList"] == ["pubmed"]


def test_biopython_fetches_articles_by_id_and_from_history(
    served: Start, entrez: Callable[[Ncbi], Any]
) -> None:
    ncbi = served(*(article(n, title=f"Kratom {n}", abstract="x < y") for n in range(1, 6)))
    bio = entrez(ncbi)

    by_id = bio.read(bio.efetch(db="pubmed", id="1,3,77", retmode="xml"))
    stored = bio.read(bio.esearch(db="pubmed", term="kratom", usehistory="y", retmax=0))
    from_history = bio.read(
        bio.efetch(
            db="pubmed",
            WebEnv=stored["WebEnv"],
            query_key=stored["QueryKey"],
            retstart=1,
            retmax=2,
            retmode="xml",
        )
    )

    assert [str(one["MedlineCitation"]["PMID"]) for one in by_id["PubmedArticle"]] == ["1", "3"]
    assert [str(one["MedlineCitation"]["PMID"]) for one in from_history["PubmedArticle"]] == ["4", "3"]


def test_biopython_sees_the_wall_and_the_notices(served: Start, entrez: Callable[[Ncbi], Any]) -> None:
    ncbi = served(*(article(n, title="Kratom") for n in range(1, 31)), wall=10)
    bio = entrez(ncbi)

    clamped = bio.read(bio.esearch(db="pubmed", term="kratom", retmax=100))
    unknown = bio.read(bio.esearch(db="pubmed", term='kratom[nosuchfield] AND "purple whale"'))

    assert len(clamped["IdList"]) == 10
    assert clamped["WarningList"]["OutputMessage"] == [
        "Restrictions achieved. start and count adjusted to 0, 10"
    ]
    assert unknown["Count"] == "30"
    assert unknown["ErrorList"]["FieldNotFound"] == ["nosuchfield"]
    assert unknown["WarningList"]["QuotedPhraseNotFound"] == ['"purple whale"']
    with pytest.raises(RuntimeError, match="'retstart' cannot be larger than 9"):
        bio.read(bio.esearch(db="pubmed", term="kratom", retstart=10))


def test_biopython_searches_date_windows_and_uid_ranges(served: Start, entrez: Callable[[Ncbi], Any]) -> None:
    days = [date(2026, 1, day) for day in range(1, 11)]
    ncbi = served(*(article(n, day=day, changed=date(2026, 2, 1)) for n, day in enumerate(days, 1)))
    bio = entrez(ncbi)

    def ids(**asked: Any) -> list[str]:
        return list(bio.read(bio.esearch(db="pubmed", **asked))["IdList"])

    assert ids(term="kratom", datetype="edat", mindate="2026/01/03", maxdate="2026/01/04") == ["4", "3"]
    assert ids(term="kratom", datetype="mdat", mindate="2026/01", maxdate="2026/01") == []
    assert len(ids(term="kratom", datetype="pdat", mindate="2026", maxdate="2026")) == 10
    assert ids(term="(kratom) AND 2:3[uid]") == ["3", "2"]
    assert ids(term="2026/01/09:2026/01/31[crdt] NOT 10[pmid]") == ["9"]


def test_an_unreachable_limit_answers_429_with_the_real_body(served: Start) -> None:
    ncbi = served(article(1), per_ip=2)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    for _ in range(2):
        opener.open(ncbi.url + "einfo.fcgi").close()
    with pytest.raises(urllib.error.HTTPError) as refusal:
        opener.open(ncbi.url + "einfo.fcgi")

    with refusal.value as answer:
        assert answer.code == 429
        assert (
            answer.read()
            == b'{"error":"API rate limit exceeded","api-key":"203.0.113.7","count":"3","limit":"2"}\n'
        )


_EFETCH = shutil.which("efetch.ncbi") or shutil.which("efetch") or "efetch"
"""Debian gives the plain name to another package's program where that is installed."""


def _edirect(script: str, home: Path) -> str:
    private = {"HOME": str(home), "no_proxy": "127.0.0.1", "EMAIL": "tester@example.org"}
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **private},
    )
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("esearch") is None, reason="Debian's ncbi-entrez-direct is not installed")
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("esearch -base {url} -db pubmed -query kratom | {efetch} -base {url} -format uid", range(1, 26)),
        ("esearch -base {url} -db pubmed -query kratom | {efetch} -base {url} -format xml", range(1, 26)),
        ("epost -base {url} -db pubmed -id 3,4 | esummary -base {url}", range(3, 5)),
    ],
)
def test_edirect_searches_and_fetches(script: str, expected: range, served: Start, tmp_path: Path) -> None:
    ncbi = served(*(article(n, title=f"Kratom {n}") for n in range(1, 26)))

    said = _edirect(script.format(url=ncbi.url, efetch=_EFETCH), tmp_path)

    found = re.findall(r"(?m)^(\d+)$|<PMID[^>]*>(\d+)</PMID>|<Id>(\d+)</Id>", said)
    assert sorted(int("".join(groups)) for groups in found) == list(expected)


def test_the_loopback_runs_as_a_process_and_is_told_what_to_do() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-W", "error", "-m", "tests.ncbi", "--records", "3", "--wall", "50"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()

        def told(**wish: Any) -> Any:
            control = url.replace("entrez/eutils/", "control")
            with opener.open(urllib.request.Request(control, json.dumps(wish).encode())) as answer:
                return json.load(answer)

        told(put=[{"pmid": 7, "title": "New", "day": "2026-01-02"}], delete=[1_000])
        told(roll={"seed": 1, "share": 1.0, "kinds": ["server-error"]})
        with pytest.raises(urllib.error.HTTPError) as trouble:
            opener.open(url + "einfo.fcgi")
        trouble.value.close()
        state = told(calm=True)
        opener.open(url + "einfo.fcgi").close()
        process.terminate()

    assert state["pmids"] == [7, 1_001, 1_002]
    assert state["requests"] == 1
    assert process.returncode == 0
