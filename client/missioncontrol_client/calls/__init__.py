"""Every endpoint of `/api/v1` as a function that describes the call; the clients bind them and make it.

The shapes of bodies and answers are for type checkers alone: `mc` starts faster when they are not built.
"""
