"""One board, four ways in: agents by `mc`, MCP, curl and the legacy API at once, and a person on the dashboard."""
