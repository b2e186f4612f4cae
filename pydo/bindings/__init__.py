"""What stands beside objects: the stores that `env` names besides Durable Objects and variables.

`Bindings.make` gives the JavaScript values for `env`.  It is asked anew at each reload and gives
the same stores again, so that requests of the code before go on with them.  A further kind of
binding has a module of its own here, and its line in `make`.  What a configuration does not ask for
is not imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.bindings.assets.site import Site
    from pydo.bindings.d1 import D1Database
    from pydo.bindings.kv import KvNamespace
    from pydo.bindings.store import KvStore, SqlStore
    from pydo.config import Config
    from pydo.runtime.loop import ObjectLoop
    from pydo.statedir import StateDirectory

__all__ = ["Bindings"]


class Bindings:
    """The bindings of one `pydo dev`, whose stores stay open until `close`.

    Queries that are sent to a database together may take `limit_s` seconds.
    """

    def __init__(
        self,
        state: StateDirectory,
        loop: ObjectLoop,
        warn: Callable[[str], None],
        limit_s: float,
    ) -> None:
        self._limit_s = limit_s
        self._state = state
        self._loop = loop
        self._warn = warn
        self._kv: dict[str, KvStore] = {}
        self._d1: dict[str, SqlStore] = {}

    def site(self, config: Config) -> Site | None:
        """Give the assets that the configuration asks for."""
        if config.assets is None:
            return None
        from pydo.bindings.assets.site import Site  # noqa: PLC0415 - as said
        from pydo.host.flags import Flags  # noqa: PLC0415 - as said

        flags = Flags(config.compatibility_date, config.compatibility_flags)
        return Site(
            config.assets,
            has_worker=config.has_worker,
            keeps_not_found=flags.assets_navigation_prefers_asset_serving,
            warn=self._warn,
        )

    def make(self, config: Config, site: Site | None) -> dict[str, object]:
        """Give name and value of each binding that the configuration asks for."""
        made: dict[str, object] = {
            each.binding: _unsimulated(each.binding, each.label) for each in config.unsimulated
        }
        if site is not None and config.assets is not None and config.assets.binding is not None:
            made[config.assets.binding] = _assets(self._loop, site)
        for namespace in config.kv_namespaces:
            made[namespace.binding] = self._kv_namespace(namespace.namespace_id)
        for database in config.d1_databases:
            made[database.binding] = self._d1_database(database.database_id)
        return made

    def interrupt(self) -> None:
        """Stop the query that runs, from any thread: the process is to end."""
        for of_d1 in list(self._d1.values()):
            of_d1.interrupt()

    def close(self) -> None:
        """Close what was opened."""
        for of_kv in self._kv.values():
            of_kv.close()
        for of_d1 in self._d1.values():
            of_d1.close()

    def _kv_namespace(self, store_id: str) -> KvNamespace:
        from pydo.bindings.kv import KvNamespace  # noqa: PLC0415 - as above
        from pydo.bindings.store import KvStore  # noqa: PLC0415 - as above

        if store_id not in self._kv:
            self._kv[store_id] = KvStore(self._state.store_directory("kv", store_id))
        return KvNamespace(self._kv[store_id])

    def _d1_database(self, store_id: str) -> D1Database:
        from pydo.bindings.d1 import D1Database  # noqa: PLC0415 - as above
        from pydo.bindings.store import SqlStore  # noqa: PLC0415 - as above

        if store_id not in self._d1:
            directory = self._state.store_directory("d1", store_id)
            self._d1[store_id] = SqlStore(directory, self._limit_s)
        return D1Database(self._d1[store_id])


def _unsimulated(name: str, label: str) -> object:
    from pydo.bindings.unsimulated import UnsimulatedBinding  # noqa: PLC0415 - as above

    return UnsimulatedBinding(name, label)


def _assets(loop: ObjectLoop, site: Site) -> object:
    from pydo.bindings.assets.channel import AssetsChannel  # noqa: PLC0415 - as above
    from pydo.host.stub import Fetcher  # noqa: PLC0415 - as above

    return Fetcher(AssetsChannel(loop, site))
