"""`pydo dev`: one run of it (`session`), the Workers that it serves (`served`), and their changes.

    options        what was asked for
    environment    the project's own packages, and its own Python
    session        configuration, code, runtime and server, put together
    served         one Worker, over all its versions
    neighbours     the others that it is bound to
    reload         what has changed on disk
    versions       a change is taken up, or a new process takes over
    restart        that new process
    notices        what the terminal says of the address and of cron triggers
    asked          what other commands ask of a server that runs

`session` and `served` know all of the program; nothing but the command line knows them.
"""
