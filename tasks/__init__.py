"""Tasks: each is one step of a release with its Prefect policy."""
