"""A loopback NCBI: a real HTTP server that answers the E-utilities as NCBI does, quirks included."""

from __future__ import annotations

import gzip
import html
import json
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.ncbi import queries
from tests.ncbi.faults import Fault, Faults, Kind
from tests.ncbi.holding import Holding, Record, article

_DTD = "https://eutils.ncbi.nlm.nih.gov/eutils/dtd"
_HEADS = {
    "eSearchResult": f'"-//NLM//DTD esearch 20060628//EN" "{_DTD}/20060628/esearch.dtd"',
    "ePostResult": f'"-//NLM//DTD epost 20090526//EN" "{_DTD}/20090526/epost.dtd"',
    "eSummaryResult": f'"-//NLM//DTD esummary v1 20041029//EN" "{_DTD}/20041029/esummary-v1.dtd"',
    "eLinkResult": f'"-//NLM//DTD elink 20101123//EN" "{_DTD}/20101123/elink.dtd"',
    "eInfoResult": f'"-//NLM//DTD einfo 20190110//EN" "{_DTD}/20190110/einfo.dtd"',
    "eFetchResult": f'"-//NLM//DTD efetch 20131226//EN" "{_DTD}/20131226/efetch.dtd"',
    "PubmedArticleSet": '"-//NLM//DTD PubMedArticle, 1st January 2019//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_190101.dtd"',
}
_LONGEST_GET = 4_000
_FIELDS = (("ALL", "All Fields"), ("UID", "UID"), ("TIAB", "Title/Abstract"), ("MESH", "MeSH Terms"),
           ("EDAT", "Date - Entry"), ("MDAT", "Date - Modified"), ("PDAT", "Date - Published"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it, with the moment it came."""

    moment: float
    method: str
    call: str
    form: dict[str, str]
    path: str
    headers: dict[str, str] = field(repr=False, default_factory=dict)
    peer: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml; charset=UTF-8"


class Refused(Exception):
    """An answer that ends the work on a request early."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Ncbi:
    """The service: its records, its limits, its memory of sets, and what it is told to do wrong.

    ``per_ip`` and ``per_key`` are requests in any sliding second; ``None`` is no limit. ``keys`` are the
    valid keys; ``None`` accepts all.
    """

    def __init__(
        self,
        records: Iterable[Record] = (),
        *,
        wall: int = 9_999,
        per_ip: int | None = None,
        per_key: int | None = None,
        keys: frozenset[str] | None = None,
        latency: float = 0.0,
    ) -> None:
        self.holding = Holding(records)
        self.faults = Faults()
        self.wall = wall
        self.latency = latency
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._limits = (per_ip, per_key)
        self._keys = keys
        self._lock = threading.Lock()
        self._sets: dict[str, dict[str, tuple[int, ...]]] = {}
        self._server: _Server | None = None

    # ---------------------------------------------------------------------------------------- as a server

    def start(self, port: int = 0) -> Self:
        self._server = _Server(("127.0.0.1", port), _Handler, self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What belongs into ``[ncbi] base_url``."""
        return f"http://127.0.0.1:{self.port}/entrez/eutils/"

    # -------------------------------------------------------------------------------------- what it has seen

    def seen(self, call: str = "") -> list[Request]:
        """The requests to one call, or to all, in order."""
        with self._lock:
            return [request for request in self.requests if call in {"", request.call}]

    def peak(self, window: float = 1.0) -> int:
        """The most requests that came within any sliding window of so many seconds."""
        moments = sorted(request.moment for request in self.seen())
        most = first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= window:
                first += 1
            most = max(most, last - first + 1)
        return most

    # ------------------------------------------------------------------------------------------- answering

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """The reply to one request, and what shall go wrong with it on the way."""
        with self._lock:
            self.requests.append(request)
        if (refusal := self._refusal(request)) is not None:
            return refusal, None
        fault = self.faults.draw(request.call)
        if fault is not None and fault.then is not None:
            fault.then(self.holding)
        if fault is not None and (instead := self._instead(fault, request)) is not None:
            return instead, fault
        if self.latency:
            self.stopping.wait(self.latency)
        try:
            calls: dict[str, Callable[[dict[str, str]], Reply]] = {
                "esearch": self._esearch, "epost": self._epost, "efetch": self._efetch,
                "esummary": self._esummary, "elink": self._elink, "einfo": self._einfo,
            }  # fmt: skip
            if request.call not in calls:
                return Reply(b"<html><body>404</body></html>", 404, "text/html"), fault
            return calls[request.call](request.form), fault
        except Refused as refused:
            return refused.reply, fault

    def _refusal(self, request: Request) -> Reply | None:
        if request.method == "GET" and len(request.path) > _LONGEST_GET:
            return Reply(b"<html><body>414 Request-URI Too Long</body></html>", 414, "text/html")
        key = request.form.get("api_key", "")
        if key and self._keys is not None and key not in self._keys:
            said = f'{{"error":"API key invalid","api-key":"{key}","type":"invalid",\n"status":"unknown"}}'
            return Reply(said.encode(), 400, "application/json")
        limit = self._limits[1 if key else 0]
        with self._lock:
            recent = sum(
                1
                for other in reversed(self.requests[-200:])
                if request.moment - other.moment < 1.0 and other.form.get("api_key", "") == key
            )
        if limit is not None and recent > limit:
            return self.too_many(key, recent, limit)
        return None

    def too_many(self, key: str, count: int, limit: int, status: int = 429) -> Reply:
        """The real body: it names the caller, by key or by IP address."""
        said = {"error": "API rate limit exceeded", "api-key": key or "203.0.113.7"}
        said |= {"count": str(count), "limit": str(limit)}
        return Reply(json.dumps(said, separators=(",", ":")).encode() + b"\n", status, "application/json")

    def _instead(self, fault: Fault, request: Request) -> Reply | None:
        key = request.form.get("api_key", "")
        match fault.kind:
            case Kind.TOO_MANY:
                return self.too_many(key, 5, 3)
            case Kind.TOO_MANY_WITH_200:
                return self.too_many(key, 5, 3, status=200)
            case Kind.SERVER_ERROR:
                return Reply(
                    b"<html><body>Service trouble</body></html>", (500, 502, 503)[len(self.requests) % 3]
                )
            case Kind.BACKEND:
                return _error(_ROOTS.get(request.call, "eSearchResult"), _BACKEND)
            case Kind.BACKEND_IN_JSON:
                said = {"header": {"type": "esearch"}, "esearchresult": {"ERROR": _BACKEND}}
                return Reply(json.dumps(said).encode(), 200, "application/json")
            case Kind.HTML:
                page = b"<!DOCTYPE html>\n<html><head><title>NCBI</title></head><body>Back soon</body></html>"
                return Reply(page, 200, "text/html")
            case Kind.GARBLED:
                said = {"weather": "fine", "api_key": request.form.get("api_key", "")}
                return Reply(json.dumps(said).encode(), 200, "application/json")
            case Kind.EMPTY_BODY:
                return Reply(b"")
            case Kind.LOST_HISTORY if "WebEnv" in request.form:
                return self._lost(request.form)
            case Kind.EMPTY_SET if request.call == "efetch":
                return _document("PubmedArticleSet", "")
            case _:
                return None

    # ---------------------------------------------------------------------------------------------- ESearch

    def _esearch(self, form: dict[str, str]) -> Reply:
        as_json = form.get("retmode") == "json"
        stored = self._sets.get(form.get("WebEnv", ""), {})
        start, most = int(form.get("retstart", 0)), int(form.get("retmax", 20))
        if start > self.wall - 1:
            return _search_error(_WALL.format(last=self.wall - 1, wall=f"{self.wall:,}"), as_json=as_json)
        if not form.get("term"):
            return _search_error("Empty term and query_key - nothing todo", as_json=as_json)
        try:
            outcome = queries.run(self.holding, form["term"], stored)
        except KeyError as lost:
            return _search_error(f"Unable to obtain query #{lost.args[0]}", as_json=as_json)
        except queries.Malformed as mistake:
            return _search_error(f"Search Backend failed: {mistake}", as_json=as_json)
        pmids = self.holding.newest_first(outcome.pmids & self._window(form))
        notes = {"QuotedPhraseNotFound": outcome.quoted_not_found, "OutputMessage": []}
        if most > self.wall:
            most = self.wall
            notes["OutputMessage"].append(
                f"Restrictions achieved. start and count adjusted to {start}, {most}"
            )
        most = min(most, self.wall - start)
        if not pmids:
            notes["OutputMessage"].append("No items found.")
        errors = {"PhraseNotFound": outcome.phrases_not_found, "FieldNotFound": outcome.fields_not_found}
        kept = self._keep(form.get("WebEnv", ""), pmids) if form.get("usehistory") == "y" else ("", "")
        show = _search_json if as_json else _search_xml
        return show(len(pmids), pmids[start : start + most], start, outcome.translation, kept, errors, notes)

    def _window(self, form: dict[str, str]) -> set[int]:
        name = {"edat": "edat", "mdat": "mdat", "pdat": "pdat", "crdt": "crdt"}.get(
            form.get("datetype", "pdat")
        )
        if form.get("reldate"):
            return self.holding.pmids
        if not form.get("mindate") or not form.get("maxdate"):
            return self.holding.pmids
        since, until = queries.day(form["mindate"], last=False), queries.day(form["maxdate"], last=True)
        with self.holding.lock:
            return queries.within(self.holding, name or "pdat", since, until)

    def _keep(self, webenv: str, pmids: Iterable[int]) -> tuple[str, str]:
        with self._lock:
            webenv = webenv if webenv in self._sets else f"MCID_{secrets.token_hex(12)}"
            sets = self._sets.setdefault(webenv, {})
            key = str(len(sets) + 1)
            sets[key] = tuple(pmids)
            return webenv, key

    def forget(self) -> None:
        """Loses all stored sets, as the real one does after some hours."""
        with self._lock:
            self._sets.clear()

    # --------------------------------------------------------------------------- EPost, EFetch, ESummary

    def _epost(self, form: dict[str, str]) -> Reply:
        ids = _numbers(form.get("id", ""))
        if not ids:
            return _error("ePostResult", "Empty ID list; Nothing to store")
        webenv, key = self._keep(form.get("WebEnv", ""), ids)
        return _document("ePostResult", f"\n\t<QueryKey>{key}</QueryKey>\n\t<WebEnv>{webenv}</WebEnv>\n")

    def _efetch(self, form: dict[str, str]) -> Reply:
        ids = self._asked(form)
        if form.get("rettype") == "uilist" or form.get("retmode") == "text":
            listed = "".join(f"{pmid}\n" for pmid in ids if pmid in self.holding)
            return Reply(listed.encode(), content_type="text/plain")
        records = self.holding.records
        found = [records[pmid].xml for pmid in ids if pmid in records]
        return Reply(
            _head("PubmedArticleSet") + b"\n".join([b"<PubmedArticleSet>", *found, b"</PubmedArticleSet>"])
        )

    def _asked(self, form: dict[str, str]) -> list[int]:
        if form.get("id"):
            return list(dict.fromkeys(_numbers(form["id"])))
        if not form.get("WebEnv"):
            raise Refused(Reply(_error("eFetchResult", "Empty id list; nothing to fetch").body, 400))
        stored = self._sets.get(form["WebEnv"], {}).get(form.get("query_key", ""))
        if stored is None:
            raise Refused(self._lost(form))
        start, most = int(form.get("retstart", 0)), int(form.get("retmax", 20))
        if start > self.wall - 1:
            text = _WALL.format(last=self.wall - 1, wall=f"{self.wall:,}")
            raise Refused(Reply(_error("eFetchResult", text).body, 400))
        return list(
            stored[start : min(start + most, self.wall)]
        )  # a page that crosses the wall is just shorter

    def _lost(self, form: dict[str, str]) -> Reply:
        key, webenv = form.get("query_key", "1"), form.get("WebEnv", "")
        text = f"Cannot retrieve history data. query_key: {key}, WebEnv: {webenv}, retstart: 0, retmax: 20"
        return Reply(_error("eFetchResult", text).body, 400)

    def _esummary(self, form: dict[str, str]) -> Reply:
        if not form.get("id") and not form.get("WebEnv"):
            return _error("eSummaryResult", "Neither query_key nor id specified")
        return _document("eSummaryResult", "".join(self._summary(pmid) for pmid in self._asked(form)))

    def _summary(self, pmid: int) -> str:
        record = self.holding.get(pmid)
        if record is None:
            return f"<ERROR>UID={pmid}: cannot get document summary</ERROR>"
        return (
            f'<DocSum><Id>{pmid}</Id><Item Name="PubDate" Type="Date">{record.pdat:%Y %b %d}</Item>'
            f'<Item Name="Source" Type="String">J Test</Item>'
            f'<Item Name="Title" Type="String">{html.escape(record.title)}</Item>'
            f'<Item Name="RecordStatus" Type="String">PubMed - indexed for MEDLINE</Item></DocSum>'
        )

    # ------------------------------------------------------------------------------------------ ELink, EInfo

    def _elink(self, form: dict[str, str]) -> Reply:
        ids = _numbers(form.get("id", ""))
        to = [link for pmid in ids if (record := self.holding.get(pmid)) for link in record.links]
        listed = "".join(f"<Id>{pmid}</Id>" for pmid in ids)
        links = "".join(f"<Link><Id>{pmid}</Id></Link>" for pmid in to)
        name = form.get("linkname", "pubmed_pubmed_refs")
        linked = f"<LinkSetDb><DbTo>pubmed</DbTo><LinkName>{html.escape(name)}</LinkName>{links}</LinkSetDb>"
        return _document(
            "eLinkResult",
            f"<LinkSet><DbFrom>pubmed</DbFrom><IdList>{listed}</IdList>{linked if to else ''}</LinkSet>",
        )

    def _einfo(self, form: dict[str, str]) -> Reply:
        if not form.get("db"):
            return _document("eInfoResult", "<DbList><DbName>pubmed</DbName></DbList>")
        if form["db"] != "pubmed":
            return _error("eInfoResult", f"Can not retrieve DbInfo for db={html.escape(form['db'])}")
        flags = "".join(
            f"<{name}>N</{name}>" for name in ("IsDate", "IsNumerical", "SingleToken", "Hierarchy")
        )
        fields = "".join(
            f"<Field><Name>{name}</Name><FullName>{full}</FullName><Description>{full}</Description>"
            f"<TermCount>1</TermCount>{flags}<IsHidden>N</IsHidden></Field>"
            for name, full in _FIELDS
        )
        return _document(
            "eInfoResult",
            "<DbInfo><DbName>pubmed</DbName><MenuName>PubMed</MenuName><Description>PubMed</Description>"
            f"<DbBuild>Build-loopback</DbBuild><Count>{len(self.holding)}</Count>"
            f"<LastUpdate>2026/01/01 06:00</LastUpdate><FieldList>{fields}</FieldList></DbInfo>",
        )

    # ------------------------------------------------------------------------ told from another process

    def control(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Changes what the server holds or does, and tells its state; for tests in another process."""
        for entry in wish.get("put", ()):
            dates = {name: date.fromisoformat(entry[name]) for name in ("day", "changed") if name in entry}
            self.holding.put(article(**(entry | dates)))
        for pmid in wish.get("delete", ()):
            self.holding.delete(pmid)
        if "roll" in wish:
            roll = wish["roll"]
            kinds = [Kind(kind) for kind in roll.get("kinds", [])] or [
                kind for kind in Kind if kind != Kind.CHANGE
            ]
            self.faults.roll(roll["seed"], share=roll["share"], kinds=kinds, seconds=roll.get("seconds", 0.2))
        if wish.get("calm"):
            self.faults.clear()
        if wish.get("forget"):
            self.forget()
        if "latency" in wish:
            self.latency = float(wish["latency"])
        return {"requests": len(self.seen()), "peak": self.peak(), "pmids": sorted(self.holding.pmids)}


_ROOTS = {"esearch": "eSearchResult", "epost": "ePostResult", "efetch": "eFetchResult",
          "esummary": "eSummaryResult", "elink": "eLinkResult", "einfo": "eInfoResult"}  # fmt: skip
_BACKEND = "Search Backend failed: Couldn't resolve #pmquerysrv-mz?dbaf=pubmed, the address table is empty."
_WALL = (
    "Search Backend failed: Exception:\n'retstart' cannot be larger than {last}. For PubMed, ESearch can "
    "only retrieve the first {wall} records matching the query. To obtain more than {wall} PubMed records, "
    "consider using EDirect that contains additional logic to batch PubMed search results automatically so "
    "that an arbitrary number can be retrieved. For details see https://www.ncbi.nlm.nih.gov/books/NBK25499/"
)


def _head(root: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE {root} PUBLIC {_HEADS[root]}>\n'.encode()


def _document(root: str, inside: str) -> Reply:
    return Reply(_head(root) + f"<{root}>{inside}</{root}>\n".encode())


def _error(root: str, text: str) -> Reply:
    return _document(root, f"\n\t<ERROR>{html.escape(text, quote=False)}</ERROR>\n")


def _search_error(text: str, *, as_json: bool) -> Reply:
    if not as_json:
        return _error("eSearchResult", text)
    # NCBI writes the line end into the string as it is: invalid JSON
    body = '{"header":{"type":"esearch","version":"0.3"},"esearchresult":{"ERROR":"' + text + '"}}'
    return Reply(body.encode(), 200, "application/json; charset=UTF-8")


_Notes = dict[str, list[str]]


def _search_xml(
    count: int,
    ids: list[int],
    start: int,
    translation: str,
    kept: tuple[str, str],
    errors: _Notes,
    notes: _Notes,
) -> Reply:
    listed = "".join(f"<Id>{pmid}</Id>\n" for pmid in ids)
    history = f"<QueryKey>{kept[1]}</QueryKey><WebEnv>{kept[0]}</WebEnv>" if kept[0] else ""
    return _document(
        "eSearchResult",
        f"<Count>{count}</Count><RetMax>{len(ids)}</RetMax><RetStart>{start}</RetStart>{history}"
        f"<IdList>\n{listed}</IdList><TranslationSet/><QueryTranslation>{html.escape(translation)}"
        f"</QueryTranslation>{_noted('ErrorList', errors)}{_noted('WarningList', notes)}",
    )


def _noted(name: str, notes: _Notes) -> str:
    inside = "".join(
        f"<{kind}>{html.escape(text)}</{kind}>" for kind, texts in notes.items() for text in texts
    )
    return f"<{name}>{inside}</{name}>" if inside else ""


def _search_json(
    count: int,
    ids: list[int],
    start: int,
    translation: str,
    kept: tuple[str, str],
    errors: _Notes,
    notes: _Notes,
) -> Reply:
    result: dict[str, Any] = {"count": str(count), "retmax": str(len(ids)), "retstart": str(start)}
    if kept[0]:
        result |= {"querykey": kept[1], "webenv": kept[0]}
    result |= {"idlist": [str(pmid) for pmid in ids], "translationset": [], "querytranslation": translation}
    if any(errors.values()):
        result["errorlist"] = {
            "phrasesnotfound": errors["PhraseNotFound"],
            "fieldsnotfound": errors["FieldNotFound"],
        }
    if any(notes.values()):
        result["warninglist"] = {
            "phrasesignored": [],
            "quotedphrasesnotfound": notes["QuotedPhraseNotFound"],
            "outputmessages": notes["OutputMessage"],
        }
    body = {"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}
    return Reply(json.dumps(body).encode(), 200, "application/json; charset=UTF-8")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.replace(" ", ",").split(",") if part.isdigit()]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[_Handler], ncbi: Ncbi) -> None:
        super().__init__(address, handler)
        self.ncbi = ncbi

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        self._serve("GET", urlsplit(self.path).query)

    def do_POST(self) -> None:
        moment = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/control":
            told = self.server.ncbi.control(json.loads(body))
            self._send(Reply(json.dumps(told).encode(), 200, "application/json"), None)
            return
        self._serve("POST", body.decode("ascii"), moment)

    def _serve(self, method: str, query: str, moment: float | None = None) -> None:
        parts = urlsplit(self.path)
        call = parts.path.rsplit("/", 1)[-1].removesuffix(".fcgi")
        form = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        request = Request(
            moment or time.monotonic(), method, call, form, self.path, dict(self.headers), self.client_address
        )
        self._send(*self.server.ncbi.answer(request))

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        kind = fault.kind if fault else None
        if fault and kind is Kind.STALL:
            self.server.ncbi.stopping.wait(fault.seconds)
        if kind is Kind.RESET:
            self._reset()
            return
        body = reply.body
        if kind is Kind.SHORT_SET and b"</PubmedArticle>" in body:
            pieces = body.split(b"</PubmedArticle>")
            body = (
                b"</PubmedArticle>".join(pieces[: len(pieces) // 2]) + b"</PubmedArticle></PubmedArticleSet>"
            )
            body = body if len(pieces) > 3 else reply.body
        if kind is Kind.CUT_SILENTLY:
            body = body[: len(body) // 2]
        packed = "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 1_000
        self._write(reply, gzip.compress(body, 1) if packed else body, packed=packed, cut=kind is Kind.CUT)

    def _write(self, reply: Reply, body: bytes, *, packed: bool, cut: bool) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
