"""Answers of champion and candidate to the same requests, paired by id, compared and judged; pure."""
