"""The network's door: the only module that knows httpx."""

from __future__ import annotations

import httpx

from .errors import SourceUnavailable

_TIMEOUT = 10.0


def reachable(url: str) -> None:
    """Returns when the server at that address answers at all. Raises: SourceUnavailable."""
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
            client.get(url)
    except httpx.HTTPError as error:
        raise SourceUnavailable(
            f"no answer from {httpx.URL(url).host}: {type(error).__name__}",
            hint="check the network, a proxy (HTTPS_PROXY) or ncbi.base_url; loading files works without it",
        ) from None
