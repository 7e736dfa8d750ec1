"""Measure speed from outside: a real server, real sockets, every answer checked. `python -m bench --help`"""
