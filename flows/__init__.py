"""Flows: the order of the steps, and the way back."""
