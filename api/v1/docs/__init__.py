"""The OpenAPI document of this dialect, made from its addresses, its table of access and what its views say."""
