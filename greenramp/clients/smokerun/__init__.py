"""A smoke test as it is carried out: requests to the candidate, its processes, the model without a server."""
