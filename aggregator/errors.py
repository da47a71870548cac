"""What can go wrong, by what the caller should do next.

::

    AggregatorError(message, hint=…)      a failure not foreseen below
    ├── ConfigError                       change your file
    ├── QueryError                        change your search
    ├── InputError                        change the file or the name you gave
    ├── SourceError
    │   ├── SourceUnavailable             time may heal it: try later
    │   ├── SourceRefused                 only a change heals it: do not retry
    │   └── SourceGarbled                 an answer of unknown shape
    ├── StoreError                        see to the library: disk, damage, reach
    │   └── StoreOutdated                 migrate, or install a newer program
    └── LibraryBusy                       another run holds the lock

One unreadable record is no exception: it is counted, kept and shown. Exit codes are the command line's
business (`aggregator.cli`).
"""


class AggregatorError(Exception):
    """A message for a person, and a hint that says how to get out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(AggregatorError):
    """The configuration cannot be used; the message lists every mistake with its key."""


class QueryError(AggregatorError):
    """A search that cannot be read. ``place`` is the offset in ``query`` where reading stopped."""

    def __init__(self, message: str, *, query: str = "", place: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.query = query
        self.place = place


class InputError(AggregatorError):
    """An argument that names no such thing, or a file of the wrong kind."""


class SourceError(AggregatorError):
    """The source did not give what was asked for."""


class SourceUnavailable(SourceError):
    """Time may heal it: timeouts, too many requests, a server in trouble."""


class SourceRefused(SourceError):
    """Only a change heals it: a bad key, a bad query. Never retried."""


class SourceGarbled(SourceError):
    """An answer of unknown shape; nothing of it was used. ``body`` is what came, with secrets hidden; it is kept."""

    def __init__(self, message: str, *, hint: str = "", body: bytes = b"") -> None:
        super().__init__(message, hint=hint)
        self.body = body


class StoreError(AggregatorError):
    """The library could not do it: disk full, damaged, unreachable."""


class StoreOutdated(StoreError):
    """The library's schema and the program do not fit each other."""


class LibraryBusy(AggregatorError):
    """Another process is writing to this library."""
