"""The state directory from outside: what is in it, for whoever looks while no server runs.

    place       which class, which object: what a user names, found
    stored      one object's file, read
    shown       values as text and as JSON
    reset       objects taken away
    snapshot    everything, kept under a name and put back
    past        what an object was at each of its commits, and the return to that
    changes     what differs between two states of an object
    imported    objects taken over from the directory of `wrangler dev`
    exported    objects written into it; `exchange` has what both need

Whoever calls these holds the directory (`StateDirectory`), so no server uses it meanwhile.
"""

from __future__ import annotations

from pydo.state.exchange import Carried
from pydo.state.exported import export_to
from pydo.state.imported import import_from
from pydo.state.place import ObjectPlace, find_class, find_object, hold, objects_of
from pydo.state.reset import reset_all, reset_class, reset_object
from pydo.state.shown import as_json, as_line, as_text
from pydo.state.snapshot import restore, snapshot, snapshots
from pydo.state.stored import Contents, Summary, read, summarize

__all__ = [
    "Carried",
    "Contents",
    "ObjectPlace",
    "Summary",
    "as_json",
    "as_line",
    "as_text",
    "export_to",
    "find_class",
    "find_object",
    "hold",
    "import_from",
    "objects_of",
    "read",
    "reset_all",
    "reset_class",
    "reset_object",
    "restore",
    "snapshot",
    "snapshots",
    "summarize",
]
