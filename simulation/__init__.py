"""A fleet of pretend agents that talks to a running server over HTTP and server-sent events, and keeps the books."""
