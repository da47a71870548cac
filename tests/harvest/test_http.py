"""The door to the web: its errors, its bounds, its silence about secrets."""

from __future__ import annotations

import gzip
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ConfigError, SourceError, SourceGarbled, SourceUnavailable
from aggregator.http import Answer, Door, Limits, Secret, reachable, redacted
from tests.harvest.conftest import Start
from tests.ncbi import Fault, Kind, Ncbi, article

KEY = "0123456789abcdef0123456789abcdef0123"


def _door(handler: Callable[[httpx.Request], httpx.Response], **given: object) -> Door:
    limits = given.pop("limits", None)
    assert limits is None or isinstance(limits, Limits)
    return Door(
        "https://ncbi.example/entrez/eutils",
        agent="test",
        secrets={"api_key": KEY},
        limits=limits,
        transport=httpx.MockTransport(handler),
    )


def test_a_request_goes_by_post_with_its_secrets_and_without_them_in_its_address() -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, headers={"content-type": "text/xml"}, content=b"<ok/>")

    with _door(handler) as door:
        answer = door.post("esearch.fcgi", {"term": "a&b ünder"})

    assert answer == Answer(200, "text/xml", b"<ok/>")
    assert (sent[0].method, str(sent[0].url)) == ("POST", "https://ncbi.example/entrez/eutils/esearch.fcgi")
    assert sent[0].content == b"term=a%26b+%C3%BCnder&api_key=" + KEY.encode()


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (httpx.ConnectTimeout("x"), "no connection within 20 s"),
        (httpx.ReadTimeout("x"), "no answer within 90 s"),
        (httpx.ConnectError(f"failed at 198.51.100.4 with api_key={KEY}"), "cannot be reached"),
        (httpx.RemoteProtocolError("peer closed"), "the connection broke"),
        (httpx.ProxyError("403"), "the proxy refuses"),
        (httpx.DecodingError("bad gzip"), "compressed answer is damaged"),
    ],
)
def test_a_broken_exchange_is_unavailable_and_shows_no_secret(problem: Exception, words: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise problem

    with _door(handler) as door, pytest.raises(SourceUnavailable, match=words) as caught:
        door.post("efetch.fcgi", {"id": "1"})

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.hint
    assert KEY not in shown
    assert "198.51.100.4" not in shown
    assert caught.value.__context__ is None  # httpx's own error holds the whole request


def test_neither_logs_nor_reprs_show_the_key(caplog: pytest.LogCaptureFixture, served: Start) -> None:
    ncbi = served(article(1))
    caplog.set_level(logging.DEBUG)

    with Door(ncbi.url, agent="test", secrets={"api_key": KEY}) as door:
        answer = door.post("einfo.fcgi", {"db": "pubmed"})
        shown = f"{door!r} {door} {answer!r} {Secret(KEY)!r} {Secret(KEY)}"

    assert ncbi.seen()[0].form["api_key"] == KEY
    assert caplog.records
    assert KEY not in caplog.text + shown


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))


def test_an_answer_above_the_bound_is_refused_after_decompression() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        body = gzip.compress(b"x" * 10_000_000)
        return httpx.Response(200, headers={"content-encoding": "gzip"}, content=body)

    with (
        _door(handler, limits=Limits(most_bytes=1_000_000)) as door,
        pytest.raises(SourceGarbled, match="larger"),
    ):
        door.post("efetch.fcgi", {})


def test_an_answer_that_drips_for_too_long_is_given_up() -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

    with (
        _door(lambda _: httpx.Response(200, stream=Drip()), limits=Limits(whole=0.1)) as door,
        pytest.raises(SourceUnavailable, match=r"within 0\.1 s"),
    ):
        door.post("efetch.fcgi", {})


@pytest.mark.parametrize("kind", [Kind.CUT, Kind.RESET])
def test_a_cut_body_is_unavailable(kind: Kind, served: Start) -> None:
    ncbi = served(article(1))
    ncbi.faults.add(Fault(kind))

    with Door(ncbi.url, agent="test") as door, pytest.raises(SourceUnavailable, match="connection broke"):
        door.post("efetch.fcgi", {"id": "1"})


def test_a_stalled_answer_is_unavailable(served: Start) -> None:
    ncbi = served(article(1))
    ncbi.faults.add(Fault(Kind.STALL, seconds=1))

    limits = Limits(read=0.1)
    with (
        Door(ncbi.url, agent="test", limits=limits) as door,
        pytest.raises(SourceUnavailable, match="no answer"),
    ):
        door.post("efetch.fcgi", {"id": "1"})


def test_connections_are_reused_and_bodies_come_compressed(served: Start) -> None:
    ncbi = served(*(article(n) for n in range(50)))
    with Door(ncbi.url, agent="agent/1", connections=1) as door:
        for _ in range(3):
            answer = door.post("efetch.fcgi", {"id": ",".join(map(str, range(50)))})

    assert answer.body.count(b"<PubmedArticle>") == 50
    assert {request.headers["User-Agent"] for request in ncbi.seen()} == {"agent/1"}
    assert all("gzip" in request.headers["Accept-Encoding"] for request in ncbi.seen())
    assert len({request.peer for request in ncbi.seen()}) == 1


def test_the_turn_is_taken_once_and_before_anything_is_sent(served: Start) -> None:
    ncbi = served(article(1))
    seen_at_turn: list[int] = []

    with Door(ncbi.url, agent="test") as door:
        for _ in range(2):
            door.post("einfo.fcgi", {}, before_sending=lambda: seen_at_turn.append(len(ncbi.seen())))

    assert seen_at_turn == [0, 1]


def test_a_failure_while_waiting_for_the_turn_is_raised_as_it_is(served: Start) -> None:
    ncbi = served(article(1))

    def no_turn() -> None:
        raise SourceUnavailable("no turn")

    with Door(ncbi.url, agent="test") as door, pytest.raises(SourceError, match="no turn"):
        door.post("einfo.fcgi", {}, before_sending=no_turn)

    assert ncbi.seen() == []


@pytest.mark.parametrize(
    "url", ["", "eutils", "ftp://x.example/", "https://", "https://user:pw@x.example/", "http:///x"]
)
def test_a_base_url_that_cannot_be_used_is_a_mistake_in_the_config(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url") as caught:
        Door(url, agent="test")

    assert "pw" not in caught.value.message


def test_an_address_is_reachable_when_it_answers_at_all(served: Start) -> None:
    ncbi = served()

    reachable(ncbi.url)


def test_an_address_that_does_not_answer_is_unavailable() -> None:
    with Ncbi() as ncbi:
        url = ncbi.url

    with pytest.raises(SourceUnavailable, match="ConnectError") as caught:
        reachable(url)

    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"error":"x","api-key":"203.0.113.7","count":"5"}', '{"error":"x","api-key":[hidden],"count":"5"}'),
        (
            "https://x/esearch.fcgi?api_key=abc123&db=pubmed",
            "https://x/esearch.fcgi?api_key=[hidden]&db=pubmed",
        ),
        ("from 198.51.100.4, port 80", "from [hidden], port 80"),
        ("from 2001:db8::8a2e:370:7334 today", "from [hidden] today"),
        ("CException::eInvalid at 18446744073709551615", "CException::eInvalid at 18446744073709551615"),
        ("a\x1b[31mred\nline", "a[31mred line"),
    ],
)
def test_a_foreign_text_is_shown_without_keys_and_addresses(text: str, shown: str) -> None:
    assert redacted(text) == shown


@given(st.text(), st.text(), st.text(alphabet="abcdef0123456789+/=&", min_size=8))
def test_a_known_secret_never_shows(before: str, after: str, secret: str) -> None:
    assert secret not in redacted(f"{before} {secret} {after}", [secret])
