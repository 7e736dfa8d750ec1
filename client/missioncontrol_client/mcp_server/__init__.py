"""`mc mcp`: Mission Control as tools of the Model Context Protocol."""
