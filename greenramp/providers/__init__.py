"""Providers: where an environment lives. Flows and tasks see only what base.py promises."""
