"""The library: papers with every revision, what was found in them, and the search index. SQLite or PostgreSQL.

`Library` is the door. Rows never leave this package.
"""

from .library import Library, Loaded, Pending, Receipt, SearchHit, Stored
from .migrations import HEAD

__all__ = ["HEAD", "Library", "Loaded", "Pending", "Receipt", "SearchHit", "Stored"]
