"""What a smoke test asks a model that no user has met, and what its answers prove."""
