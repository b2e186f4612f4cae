"""What a database was at each of its commits, so that it can be that again.

wal         the form of SQLite's write-ahead log, which the history is copied from
bookmark    the name of a commit
segment     the frames of one generation of the log, and the times of its commits
pages       a state: where each page of it is
damage      what is damaged, and what is behind it
log         the history of a database: its segments, what they are asked, what goes
recorder    follows the commits of an open database
restore     the way back
"""
