"""Everything that pydo shows in a terminal: the only place that writes there or imports rich.

`Console` has a verb for each thing there is to show, `ConsoleObserver` listens to the core,
`configure_log` sends pydo's own logger the same way, and `open_stdout` is what to write to.
"""

from pydo.console.console import Console
from pydo.console.level import Level
from pydo.console.log import configure_log
from pydo.console.observer import ConsoleObserver
from pydo.console.stream import open_stdout

__all__ = ["Console", "ConsoleObserver", "Level", "configure_log", "open_stdout"]
