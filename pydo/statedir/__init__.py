"""The directory in which the objects of a project live from one run of pydo to the next.

    <root>/                         --persist-to, or .pydo/state beside the configuration
      v1/                           this layout; another one gets another number
        lock                        held while in use; says by whom
        control                     how the server that holds it is asked (`pydo.control`)
        kv/<id>/  d1/<id>/        stores beside objects, by the ids of the configuration
        do/<worker>-<Class>/      a class directory
          namespace.json            the unique key of which the class's object ids are made
          metadata.sqlite           what must be known without opening each object
          <64 hex id>/              an object's own files, from its first write on

A class directory may be renamed, and the ids of its objects stay, since they are computed from the
unique key in its namespace.json and never from a name of today.  One that is in use while its class
gets another name says in namespace.json what it `becomes`, and is renamed when the state directory
is opened the next time.  What stands inside an object's directory and in metadata.sqlite is the
runtime's business.
"""

from __future__ import annotations

from pydo.statedir.classdirectory import KEY_VALUE, SQLITE, ClassDirectory
from pydo.statedir.directory import HeldError, StateDirectory, store_directory

__all__ = [
    "KEY_VALUE",
    "SQLITE",
    "ClassDirectory",
    "HeldError",
    "StateDirectory",
    "store_directory",
]
