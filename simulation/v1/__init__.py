"""One board, four ways in: agents by `mc`, by MCP, by curl and by the legacy API at once, and a person on the dashboard."""
