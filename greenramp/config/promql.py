"""Does a PromQL query give raw counters that keep both sides apart? Looked at as text, without a server.

Nothing else is asked of a query here: Prometheus says itself what it does not understand. No maintained parser of
PromQL is on PyPI, so this is a tokenizer with the few rules that a counter has to meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_OVER_WINDOWS = {
    *("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "holt_winters", "resets", "changes")
}
_KEEP_COUNTERS = {"sum", "label_replace", "label_join"}
_KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "or", "and", "unless", "offset"}
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<number>(?:0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?:[smhdwy]|ms)*)
      | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
      | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}\[\],@:])""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def faults_of(query: str, sides: str, keep: Sequence[str] = ()) -> Iterator[str]:
    """What is wrong with a query, in words.

    sides: the label that tells the sides apart. keep: other labels that must be left, such as `le`.
    """
    tokens = list(_tokens(query))
    if not tokens:
        yield "the query is empty"
        return
    if odd := next((token for token in tokens if token.kind == "odd"), None):
        yield f"{query[odd.start :][:40]!r} is no PromQL: a character it does not know, or a quote that is never closed"
        return
    if unclosed := _unclosed(tokens):
        yield unclosed
        return
    yield from list(_calls(query, tokens)) or _signs(tokens)  # a window inside rate() is said once
    yield from _sums(tokens, [sides, *keep])
    yield from _one_sided(tokens, sides)


def _tokens(query: str) -> Iterator[_Token]:
    at = 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            yield _Token("odd", query[at], at)
            return
        if (kind := found.lastgroup or "") != "space":
            yield _Token(kind, found.group(), at)
        at = found.end()


def _unclosed(tokens: Sequence[_Token]) -> str:
    pairs, opened = {")": "(", "}": "{", "]": "["}, []
    for token in tokens:
        if token.kind == "sign" and token.text in pairs.values():
            opened.append(token.text)
        elif token.kind == "sign" and token.text in pairs and (not opened or opened.pop() != pairs[token.text]):
            return f"a {token.text!r} closes nothing"
    return f"a {opened[-1]!r} is never closed" if opened else ""


def _calls(query: str, tokens: Sequence[_Token]) -> Iterator[str]:
    """Functions that do not leave counters what they are."""
    for token, after in zip(tokens, [*tokens[1:], _Token("end", "", 0)], strict=True):
        name = token.text.lower()
        called = after.text == "(" or (after.kind == "name" and after.text.lower() in ("by", "without"))
        if token.kind != "name" or not called or name in _KEYWORDS | _KEEP_COUNTERS:
            continue
        if name in _OVER_WINDOWS or name.endswith("_over_time"):
            yield (
                f"{token.text}() looks back over a window, so two looks would count the same events twice and a "
                f"restart is hidden; give the raw counter{_raw(query, after.start)}: the differences are taken here"
            )
        else:
            yield f"{token.text}() does not give a counter; give the raw counter, or sum by (...) of it"


def _raw(query: str, start: int) -> str:
    """The selector inside a call, as advice."""
    found = re.search(r"[a-zA-Z_:][\w:]*\s*(\{[^}]*\})|[a-zA-Z_:][\w:]*(?=\s*\[)", query[start:])
    return f", {found.group()}" if found else ""


def _signs(tokens: Sequence[_Token]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        if token.kind != "sign":
            continue
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth:
            continue
        if token.text == "[":
            yield "a range [...] gives a window of values, not the counter"
        elif token.text in ("/", "%", "^"):
            yield f"{token.text!r} makes a number that is no counter; give both counters, the quotient is taken here"
        elif token.text in ("==", "!=", ">", "<", ">=", "<="):
            yield f"{token.text!r} leaves out counters by their value, and what is left out can't be counted"


def _sums(tokens: Sequence[_Token], keep: Sequence[str]) -> Iterator[str]:
    """Sums that mix what has to stay apart."""
    for number, token in enumerate(tokens):
        if token.kind != "name" or token.text.lower() != "sum":
            continue
        how, labels = _grouping(tokens, number + 1)
        if how == "by":
            lost = [label for label in keep if label not in labels]
        else:
            lost = [label for label in keep if not how or label in labels]
        if lost:
            yield f"sum loses the label {' and '.join(lost)}; write sum by ({', '.join(keep)}) (...)"


def _grouping(tokens: Sequence[_Token], at: int) -> tuple[str, list[str]]:
    """`by` or `without` with its labels, before or after the brackets of an aggregation; empty when there is none."""
    if at < len(tokens) and tokens[at].text == "(":
        at = _closing(tokens, at) + 1
    if at + 1 >= len(tokens) or tokens[at].text.lower() not in ("by", "without") or tokens[at + 1].text != "(":
        return "", []
    return tokens[at].text.lower(), [t.text for t in tokens[at + 2 : _closing(tokens, at + 1)] if t.kind == "name"]


def _closing(tokens: Sequence[_Token], at: int) -> int:
    depth = 0
    for number in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[number].text, 0)
        if depth == 0:
            return number
    return len(tokens)


def _one_sided(tokens: Sequence[_Token], sides: str) -> Iterator[str]:
    for label, sign, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (label.kind, label.text, sign.text, value.kind) == ("name", sides, "=", "text"):
            yield f"{sides}={value.text} leaves only one side; both are compared"
