"""Suites of expectations: what they found, said in words, and first drafts of them."""
