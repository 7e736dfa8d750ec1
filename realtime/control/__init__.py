"""The TCP control channel: newline-delimited JSON on loopback, deprecated and off unless it is wanted."""
