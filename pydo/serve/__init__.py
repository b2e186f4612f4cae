"""The shell that the outside talks to: HTTP, signals, and an eye on turns that do not end."""
