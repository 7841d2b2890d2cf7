"""The router under traffic, beside plain nginx and HAProxy."""
