"""The part of Go's text/template that our ApplicationSets use, with `missingkey=error`.

Fields (`.tenant`, `.path.basename`), string literals, parentheses, pipes, `if / else if / else / end`,
trimming (`{{-`, `-}}`) and the functions eq, ne, and, or, not, toJson. Whatever lies outside is refused,
never guessed: a template that this module renders is rendered by Argo CD to the same text.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

Params = Mapping[str, Any]
_Expression = Callable[[Params], Any]
_Render = Callable[[Params], str]


class UnsupportedTemplateError(ValueError):
    """The template, or a value in it, lies outside the part of the language that is foreseen here."""


class RenderError(ValueError):
    """Argo CD fails to render the template with these parameters."""


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template.

    Attributes:
        text: Its source.
        constant: Whether it holds no action.
        printed: Parameters that are printed as they are somewhere.
        read: Parameters that anything else is done with: what is printed may depend on what they say.
    """

    text: str
    constant: bool
    _render: _Render
    printed: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a template.

        Raises:
            UnsupportedTemplateError: it is wrong, or outside the subset.
        """
        if "{{" not in text:
            return cls(text, constant=True, _render=lambda _: text)
        pieces = _pieces(text)
        actions = [piece.tokens for piece in pieces if piece.tokens is not None]
        alone = [tokens[0][1][1:] for tokens in actions if _prints_a_field(tokens)]
        others = (tokens for tokens in actions if not _prints_a_field(tokens))
        return cls(
            text,
            constant=False,
            _render=_Parser(pieces).template(),
            printed=frozenset(alone),
            read=frozenset(_root(value) for tokens in others for kind, value in tokens if kind == "field"),
        )

    def render(self, params: Params) -> str:
        """Return the text for one set of parameters, whose numbers are floats as JSON's are in Go.

        Raises:
            RenderError: Go would fail: a key is missing, or two types are compared.
            UnsupportedTemplateError: Go would print a list or a mapping.
        """
        return self._render(params)


# --- from text to pieces
# ----------------------------------------------------------------------------------------------

_SPACE: Final = " \t\r\n"
_TOKEN: Final = re.compile(
    r"""(?P<field>(?:\.[A-Za-z_][A-Za-z0-9_]*)+)"""
    r"""|(?P<word>[A-Za-z][A-Za-z0-9]*)"""
    r'''|"(?P<quoted>[^"\\\n]*)"'''
    r"""|`(?P<raw>[^`\r]*)`"""
    r"""|(?P<sign>[|()])"""
    r"""|(?P<space>[ \t\r\n]+)"""
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Literal text, or the tokens of an action."""

    text: str = ""
    tokens: tuple[tuple[str, str], ...] | None = None


def _pieces(text: str) -> list[_Piece]:
    pieces = []
    position, trim = 0, False
    while True:
        start = text.find("{{", position)
        literal = text[position : start if start >= 0 else len(text)]
        if trim:
            literal = literal.lstrip(_SPACE)
        if start < 0:
            pieces.append(_Piece(literal))
            return pieces
        start += 2
        if text[start : start + 1] == "-" and text[start + 1 : start + 2] in tuple(_SPACE):
            literal = literal.rstrip(_SPACE)
            start += 1
        pieces.append(_Piece(literal))
        tokens, position, trim = _action(text, start)
        pieces.append(_Piece(tokens=tokens))


def _action(text: str, position: int) -> tuple[tuple[tuple[str, str], ...], int, bool]:
    """Return the tokens of the action at a position, where it ends, and whether it trims what follows."""
    begin = position
    tokens: list[tuple[str, str]] = []
    while not text.startswith("}}", position):
        if text.startswith("-}}", position) and tokens and tokens[-1][0] == "space":
            return _without_spaces(tokens), position + 3, True
        match = _TOKEN.match(text, position)
        if not match:
            raise UnsupportedTemplateError(f"cannot read {{{{{text[begin : begin + 40]}")
        kind = str(match.lastgroup)
        value = match[kind]
        if kind in ("quoted", "raw"):
            kind = "string"
        touching = tokens and tokens[-1][0] not in ("space", "sign") and kind not in ("space", "sign")
        if touching or (kind == "sign" and value == "(" and tokens and tokens[-1][0] in ("field", "word")):
            raise UnsupportedTemplateError(f"cannot read {{{{{text[begin : begin + 40]}")
        tokens.append((kind, value))
        position = match.end()
    return _without_spaces(tokens), position + 2, False


def _without_spaces(tokens: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    kept = tuple(token for token in tokens if token[0] != "space")
    if not kept:
        raise UnsupportedTemplateError("an action is empty")
    return kept


def _prints_a_field(tokens: Sequence[tuple[str, str]]) -> bool:
    return len(tokens) == 1 and tokens[0][0] == "field" and tokens[0][1].count(".") == 1


def _root(field: str) -> str:
    return field[1:].partition(".")[0]


# --- from pieces to functions
# -----------------------------------------------------------------------------------------


class _Parser:
    """Recursive descent over the pieces, then over the tokens of each action."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._pieces = pieces
        self._next = 0

    def template(self) -> _Render:
        render, end = self._block()
        if end:
            raise UnsupportedTemplateError(f"unexpected {{{{{end[0][1]}}}}}")
        return render

    def _block(self) -> tuple[_Render, tuple[tuple[str, str], ...]]:
        """Read the pieces up to an `else` or `end` that is not theirs; return them and that action's tokens."""
        parts: list[_Render] = []
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if piece.tokens is None:
                parts.append(_constant(piece.text))
            elif piece.tokens[0] in (("word", "else"), ("word", "end")):
                return _joined(parts), piece.tokens
            elif piece.tokens[0] == ("word", "if"):
                parts.append(self._if(piece.tokens[1:]))
            else:
                parts.append(_printed(_Action(piece.tokens).whole()))
        return _joined(parts), ()

    def _if(self, tokens: tuple[tuple[str, str], ...]) -> _Render:
        condition = _Action(tokens).whole()
        then, end = self._block()
        otherwise: _Render = _constant("")
        if end[:2] == (("word", "else"), ("word", "if")):
            otherwise = self._if(end[2:])
        elif end == (("word", "else"),):
            otherwise, end = self._block()
            if end != (("word", "end"),):
                raise UnsupportedTemplateError("an {{else}} has no {{end}}")
        elif end != (("word", "end"),):
            raise UnsupportedTemplateError("an {{if}} has no {{end}}")
        return lambda params: then(params) if _truth(condition(params)) else otherwise(params)


class _Action:
    """The expression of one action."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def whole(self) -> _Expression:
        expression = self._pipeline()
        if self._peek()[0]:
            raise UnsupportedTemplateError(f"unexpected {self._peek()[1]}")
        return expression

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("", "")

    def _pipeline(self) -> _Expression:
        expression = self._command(None)
        while self._peek() == ("sign", "|"):
            self._next += 1
            expression = self._command(expression)
        return expression

    def _command(self, piped: _Expression | None) -> _Expression:
        kind, value = self._peek()
        if kind != "word":
            operand = self._operand()
            if piped or self._peek()[0] not in ("", "sign") or self._peek()[1] == "(":
                raise UnsupportedTemplateError("only a function takes arguments")
            return operand
        self._next += 1
        arguments: list[_Expression] = []
        while self._peek()[0] in ("field", "string") or self._peek() == ("sign", "("):
            arguments.append(self._operand())
        if piped:
            arguments.append(piped)
        function = _FUNCTIONS.get(value)
        if not function:
            raise UnsupportedTemplateError(f"the function {value} is not supported")
        fewest, most, make = function
        if not fewest <= len(arguments) <= most:
            raise UnsupportedTemplateError(f"wrong number of arguments for {value}: {len(arguments)}")
        return make(arguments)

    def _operand(self) -> _Expression:
        kind, value = self._peek()
        self._next += 1
        if kind == "field":
            return _field(value[1:].split("."))
        if kind == "string":
            return lambda _: value
        if (kind, value) == ("sign", "("):
            expression = self._pipeline()
            if self._peek() != ("sign", ")"):
                raise UnsupportedTemplateError("a parenthesis is not closed")
            self._next += 1
            return expression
        raise UnsupportedTemplateError(f"unexpected {value}" if value else "an expression is missing")


def _constant(text: str) -> _Render:
    return lambda _: text


def _joined(parts: Sequence[_Render]) -> _Render:
    return lambda params: "".join(part(params) for part in parts)


def _printed(expression: _Expression) -> _Render:
    return lambda params: _print(expression(params))


def _field(path: Sequence[str]) -> _Expression:
    if len(path) == 1:
        key = path[0]

        def value(params: Params) -> Any:
            try:
                return params[key]
            except KeyError:
                raise RenderError(f'map has no entry for key "{key}"') from None

        return value

    def nested(params: Params) -> Any:
        found: Any = params
        for key in path:
            if not isinstance(found, Mapping):
                raise RenderError(f"can't evaluate field {key} in a value that is no mapping")
            if key not in found:
                raise RenderError(f'map has no entry for key "{key}"')
            found = found[key]
        return found

    return nested


# --- Go's values
# ------------------------------------------------------------------------------------------------------


def _truth(value: Any) -> bool:
    return bool(value)


def _print(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_float(value)
    raise UnsupportedTemplateError("a list or mapping is printed")


def go_float(value: float) -> str:
    """Write a finite float as Go's `%v` does: the fewest digits, an exponent from 1e+06 on and below 1e-04."""
    sign, digits, point = _shortest(value)
    exponent = point - 1
    if -5 < exponent < 6 or not value:  # noqa: PLR2004 - the bounds of strconv's %g
        return sign + _positional(digits, point)
    return f"{sign}{_mantissa(digits)}e{exponent:+03d}"


def go_json(value: Any) -> str:
    """Write a JSON value as Go's encoding/json does: sorted keys, no spaces, HTML characters escaped."""
    if isinstance(value, float):
        sign, digits, point = _shortest(value)
        if not value or -7 < point - 1 < 21:  # noqa: PLR2004 - the bounds of encoding/json
            return sign + _positional(digits, point)
        return f"{sign}{_mantissa(digits)}e{point - 1:+d}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{go_json(key)}:{go_json(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(go_json(item) for item in value) + "]"
    text = json.dumps(value, ensure_ascii=False)
    return _HTML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_HTML: Final = re.compile("[<>&\u2028\u2029]")


def _shortest(value: float) -> tuple[str, str, int]:
    """Return sign, shortest digits, and the place of the decimal point in them."""
    if not math.isfinite(value):
        raise UnsupportedTemplateError("a number is not finite")
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    point = len(text) + int(exponent)
    return "-" if sign else "", text.rstrip("0") or "0", point if text else 1


def _positional(digits: str, point: int) -> str:
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def _mantissa(digits: str) -> str:
    return f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list | Mapping) or isinstance(right, list | Mapping):
        raise UnsupportedTemplateError("a list or mapping is compared")
    if left is not None and right is not None and type(left) is not type(right):
        raise RenderError("incompatible types for comparison")
    return bool(left == right)


def _eq(arguments: Sequence[_Expression]) -> _Expression:
    first, *others = arguments

    def equal(params: Params) -> bool:
        left = first(params)
        rights = [other(params) for other in others]  # Go evaluates all of them before it compares
        return any(_equal(left, right) for right in rights)

    return equal


def _ne(arguments: Sequence[_Expression]) -> _Expression:
    left, right = arguments
    return lambda params: not _equal(left(params), right(params))


def _and(arguments: Sequence[_Expression]) -> _Expression:
    *first, last = arguments

    def conjunction(params: Params) -> Any:
        for argument in first:
            if not _truth(value := argument(params)):
                return value
        return last(params)

    return conjunction


def _or(arguments: Sequence[_Expression]) -> _Expression:
    *first, last = arguments

    def disjunction(params: Params) -> Any:
        for argument in first:
            if _truth(value := argument(params)):
                return value
        return last(params)

    return disjunction


def _not(arguments: Sequence[_Expression]) -> _Expression:
    (argument,) = arguments
    return lambda params: not _truth(argument(params))


def _to_json(arguments: Sequence[_Expression]) -> _Expression:
    (argument,) = arguments
    return lambda params: go_json(argument(params))


_MANY: Final = 100
_FUNCTIONS: Final[dict[str, tuple[int, int, Callable[[Sequence[_Expression]], _Expression]]]] = {
    "eq": (2, _MANY, _eq),
    "ne": (2, 2, _ne),
    "and": (1, _MANY, _and),
    "or": (1, _MANY, _or),
    "not": (1, 1, _not),
    "toJson": (1, 1, _to_json),
}
