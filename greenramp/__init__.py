"""Greenramp: safe releases of machine-learning models."""
