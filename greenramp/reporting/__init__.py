"""What people are told of a release, from its journal's lines alone: pure, values in, words out."""

from greenramp.reporting.account import Account, Line, Order, Step, account_of

__all__ = ["Account", "Line", "Order", "Step", "account_of"]
