"""What works here and breaks on Cloudflare: told once for each line, or refused with `--strict`.

`Portability` hears of it; the other modules are the rules, each watching one kind of thing where
it is done.  Nothing is looked at that does not happen: there is no tracing.
"""

from pydo.host.portability.entropy import watching_imports
from pydo.host.portability.hearing import Finding, Portability, standing
from pydo.host.portability.watch import watching

__all__ = ["Finding", "Portability", "standing", "watching", "watching_imports"]
