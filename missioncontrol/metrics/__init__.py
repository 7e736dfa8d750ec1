"""`GET /metrics`, for Prometheus: what processes counted, and what the database knows."""
