"""Envoy: its generated configuration, its files on disk, its admin socket."""
