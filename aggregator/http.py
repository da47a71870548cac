"""The door to the web: one POST at a time to one service, bounded in time and size, silent about secrets.

Everything goes by POST, so that no address ever holds a key, an e-mail or a long query: not in this program's
logs, not in httpx's, not in a proxy's. NCBI takes every call that way, and a long GET would answer 414.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote_plus, urlencode

import httpx

from aggregator.errors import ConfigError, SourceError, SourceGarbled, SourceRefused, SourceUnavailable
from aggregator.text import clean, shorten

REDACTED = "[hidden]"
_KEYED = re.compile(r"""(?i)(["']?\bapi[-_ ]?key["']?\s*[:=]\s*)("[^"]*"?|'[^']*'?|[^\s&,;}]+)""")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])")
_LOCAL = ("127.0.0.1", "localhost", "::1")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """One short line of a foreign text, without keys and IP addresses; what is left may be shown and kept."""
    for secret in filter(None, secrets):
        text = text.replace(secret, REDACTED).replace(quote_plus(secret), REDACTED)
    text = _KEYED.sub(rf"\1{REDACTED}", text)
    return shorten(clean(_IPV6.sub(REDACTED, _IPV4.sub(REDACTED, text))), 300)


class Secret:
    """A text that shows itself only when asked: not in ``repr``, ``str``, logs or tracebacks."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Secret({REDACTED!r})" if self._value else "Secret('')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a secret is not written down")

    def reveal(self) -> str:
        """The text itself."""
        return self._value


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much: seconds for each step, for the whole answer, and bytes after decompression."""

    connect: float = 20.0
    read: float = 90.0
    """Between two pieces of an answer."""
    whole: float = 300.0
    most_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said, whole and decompressed. Its text may hold secrets: see `Door.redacted`."""

    status: int
    content_type: str
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.content_type!r}, {len(self.body)} bytes)"


class Door:
    """One service on the web, with its connections kept open; safe to use from many threads.

    ``secrets`` are sent with every request and shown nowhere.
    """

    def __init__(
        self,
        base_url: str,
        *,
        agent: str,
        secrets: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        connections: int = 32,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = _checked(base_url)
        self._secrets = {name: Secret(value) for name, value in (secrets or {}).items() if value}
        self._limits = limits or Limits()
        self._client = httpx.Client(
            base_url=self._url,
            headers={"User-Agent": agent},
            timeout=httpx.Timeout(self._limits.read, connect=self._limits.connect, pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
            trust_env=self._url.host not in _LOCAL,
        )

    def __repr__(self) -> str:
        return f"Door({self.host!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """Host, and port where it is not the usual one."""
        return self._url.netloc.decode("ascii")

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    def redacted(self, text: str) -> str:
        """A foreign text as it may be shown: see `redacted`; the secrets of this door are hidden too."""
        return redacted(text, [secret.reveal() for secret in self._secrets.values()])

    def post(
        self, path: str, form: Mapping[str, str], *, before_sending: Callable[[], None] | None = None
    ) -> Answer:
        """The answer to one request, whatever its status.

        ``before_sending`` is called once, when the connection stands and before anything is sent: the place
        to wait for one's turn, so that slow connecting does not crowd requests together.

        Raises:
            SourceUnavailable: no answer, or not all of it.
            SourceGarbled: more than the bound.
        """
        outcome = self._try(path, form, _Once(before_sending))
        if isinstance(outcome, SourceError):
            # raised out here, since httpx's exception (which holds the request) would be its context in there
            raise outcome
        return outcome

    def _try(self, path: str, form: Mapping[str, str], turn: _Once) -> Answer | SourceError:
        deadline = time.monotonic() + self._limits.whole
        try:
            with self._client.stream(
                "POST",
                path,
                content=self._content(form),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                extensions={"trace": turn.on_event},
            ) as response:
                turn.take()
                content_type = response.headers.get("content-type", "")
                return Answer(response.status_code, content_type, self._body(response, deadline))
        except httpx.HTTPError as problem:
            return self._failure(path, problem)
        except (SourceUnavailable, SourceGarbled) as problem:
            return problem

    def _content(self, form: Mapping[str, str]) -> bytes:
        secrets = {name: secret.reveal() for name, secret in self._secrets.items()}
        return urlencode({**form, **secrets}).encode("ascii")

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self._limits.most_bytes:
                raise SourceGarbled(f"{self.host}: the answer is larger than {self._limits.most_bytes} bytes")
            if time.monotonic() > deadline:
                raise SourceUnavailable(f"{self.host}: no whole answer within {self._limits.whole:g} s")
            pieces.append(piece)
        return b"".join(pieces)

    def _failure(self, path: str, problem: httpx.HTTPError) -> SourceError:
        where = f"{self.host} ({path})"
        match problem:
            case httpx.ConnectTimeout():
                return SourceUnavailable(
                    f"{where}: no connection within {self._limits.connect:g} s", hint=_OFFLINE
                )
            case httpx.TimeoutException():
                return SourceUnavailable(f"{where}: no answer within {self._limits.read:g} s")
            case httpx.ConnectError():
                return SourceUnavailable(
                    f"{where}: cannot be reached ({self._words(problem)})", hint=_OFFLINE
                )
            case httpx.ProxyError():
                return SourceUnavailable(
                    f"{where}: the proxy refuses ({self._words(problem)})", hint=_OFFLINE
                )
            case httpx.DecodingError():
                return SourceUnavailable(f"{where}: the compressed answer is damaged")
            case httpx.TransportError():
                return SourceUnavailable(f"{where}: the connection broke ({self._words(problem)})")
            case _:
                return SourceRefused(f"{where}: {self._words(problem)}")

    def _words(self, problem: Exception) -> str:
        return self.redacted(str(problem)) or type(problem).__name__


_OFFLINE = "check the network, a proxy, and [ncbi] base_url"


class _Once:
    """Calls a function once: on httpcore's event that headers are about to be sent, or else when told.

    The event's name is httpcore's own. Should it change, the turn is taken right after the answer began:
    late, but the rate over time is kept. Transports without events (tests) are served that way as well.
    """

    def __init__(self, deed: Callable[[], None] | None) -> None:
        self._deed = deed

    def on_event(self, name: str, _info: Mapping[str, Any]) -> None:
        if name.endswith("send_request_headers.started"):
            self.take()

    def take(self) -> None:
        deed, self._deed = self._deed, None
        if deed is not None:
            deed()


def _checked(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigError(
            "[ncbi] base_url is not a web address", hint='such as "https://host/entrez/eutils/"'
        )
    if url.userinfo:
        raise ConfigError(
            "[ncbi] base_url holds a name or password", hint="take it out: addresses are logged"
        )
    return url.copy_with(path=url.path.rstrip("/") + "/", query=None, fragment=None)


def reachable(url: str) -> None:
    """Returns when the server at that address answers at all, whatever it says.

    `aggregator.sources.eutils.reachable` tells more: it asks as the harvest does, with the key.

    Raises:
        SourceUnavailable: it does not.
    """
    host = _checked(url).host
    try:
        with httpx.Client(timeout=10.0, trust_env=host not in _LOCAL) as client, client.stream("GET", url):
            return
    except httpx.HTTPError as error:
        failed = type(error).__name__
    raise SourceUnavailable(
        f"no answer from {host}: {failed}", hint=f"{_OFFLINE}; loading files works without it"
    )


def is_fleeting(status: int) -> bool:
    """Whether time may heal an HTTP status: too many requests, a server in trouble, a detour."""
    return status in {408, 425, 429} or 300 <= status < 400 or status >= 500


def seconds(value: float) -> str:
    """A duration for people: "0.4 s", "12 s"."""
    return f"{value:.1f} s" if value < 10 else f"{math.ceil(value)} s"
