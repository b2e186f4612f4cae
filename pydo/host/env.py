"""`env`: what a Worker's code finds its bindings and variables in."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydo.host.js.json import parse
from pydo.host.js.object import JsObject
from pydo.host.namespace import DurableObjectNamespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.host.absent import AbsentNamespace
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["make_env"]


def make_env(
    variables: Mapping[str, object],
    namespaces: Mapping[str, ActorNamespace | AbsentNamespace],
    bindings: Mapping[str, object] = MappingProxyType({}),
) -> JsObject:
    """Make `env`: text stays text, any other JSON value is what JavaScript reads of its text.

    So null is `jsnull`, and 1.0 the number 1, as in a Worker on Cloudflare.  `bindings` are
    JavaScript values as they are: what stands beside objects.
    """
    members: dict[str, object] = {
        name: value if isinstance(value, str) else parse(json.dumps(value))
        for name, value in variables.items()
    }
    members |= {name: DurableObjectNamespace(each) for name, each in namespaces.items()}
    members |= bindings
    return JsObject(members)
