"""Static assets: the files of a folder, served beside the Worker or by `env.ASSETS`.

`Site` answers requests as Cloudflare's asset worker does, and tells which of them the Worker is
to answer instead.  It looks at the disk at each request: a file that is changed is served at once.
"""

from __future__ import annotations

from pydo.bindings.assets.folder import Asset, AssetFolder
from pydo.bindings.assets.site import Answer, Asking, Site

__all__ = ["Answer", "Asking", "Asset", "AssetFolder", "Site"]
