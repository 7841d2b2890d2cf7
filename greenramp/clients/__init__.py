"""Clients: each speaks with one outside system, and decides nothing."""
