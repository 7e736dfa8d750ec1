"""The documentation as pages: both dialects' OpenAPI documents, and how tasks move."""
