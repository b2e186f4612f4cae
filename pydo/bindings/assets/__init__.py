"""Static assets: the files of a folder, served beside the Worker or by `env.ASSETS`.

`site.Site` answers requests as Cloudflare's asset worker does, and tells which of them the Worker
is to answer instead.  It looks at the disk at each request: a changed file is served at once.
Nothing is imported here: a Worker without assets needs `channel` alone.
"""
