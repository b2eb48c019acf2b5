"""A document checked against one of our JSON Schemas, with the place where it does not fit.

A reader is more patient than a writer: a field that is missing may be one that an earlier release
did not know, and one that is unknown may be a later one's. So `required` and `additionalProperties:
false` are not asked here; whoever needs a field says so. Everything else is.

What is known of JSON Schema is what our schemas say; a keyword beyond that is an error when the
schema is compiled. A validator of all of it would take longer to import than a Record takes to
read, and of eight kinds of events it would say no more than that none fits.

Source: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from math import isfinite
from typing import Any

from socklab.errors import ToolError

Check = Callable[[Any], None]
"""Raises Misfit where a value does not fit, and returns nothing where it does."""

LACKS = "has no"

SAID = 40
"""How many characters of a value that does not fit are shown. Arbitrary: it is on a line."""

TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "object": ("an object", lambda value: isinstance(value, dict)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "string": ("text", lambda value: isinstance(value, str)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "null": ("null", lambda value: value is None),
    "integer": ("a whole number", lambda value: _is_number(value) and isinstance(value, int)),
    "number": ("a number", lambda value: _is_number(value) and _is_finite(value)),
}
"""The types of JSON in words. To JSON Schema 1.0 is a whole number, too; nobody writes one so."""

ONLY_WORDS = frozenset({"$schema", "$id", "$defs", "title", "description"})
PATIENT = frozenset({"required"})


class NewerError(ToolError):
    """A document of a version that only a later release reads."""


class Misfit(ToolError):
    """A value that does not fit: what is wrong with it, and step by step where it stands.

    Args:
        text: what is wrong, in words that go on where the place ends: `has no kind` with a blank
            between, all else with a colon.
    """

    def __init__(self, text: str, *place: str | int) -> None:
        super().__init__(text)
        self.text = text
        self.steps: list[str | int] = list(reversed(place))
        """From the value outwards."""

    def __str__(self) -> str:
        where = place_of(reversed(self.steps))
        if self.text.startswith(LACKS):
            return f"{where or 'it'} {self.text}"
        return f"{where}: {self.text}" if where else self.text


def place_of(steps: Iterable[str | int]) -> str:
    """Where something stands in a document, as one writes it: `events[12].fate`."""
    text = ""
    for step in steps:
        if isinstance(step, str) and step.isascii() and step.isidentifier():
            text += f".{step}"
        else:
            text += f"[{shown(step)}]"
    return text.removeprefix(".")


def see_format(document: Any, schema: str, what: str) -> None:
    """See that a document is of a format, and of the version that can be read.

    Args:
        document: whatever it is.
        schema: what it should say under `schema`: a name, a slash and the version, a number.
        what: what such a document is called.

    Raises:
        NewerError: it is of a later version.
        ToolError: it is of another format.
    """
    says = document.get("schema") if isinstance(document, dict) else None
    if says == schema:
        return
    ours, _, newest = schema.partition("/")
    name, _, version = says.partition("/") if isinstance(says, str) else ("", "", "")
    # More digits than int() takes are no version.
    if name == ours and re.fullmatch("[0-9]{1,9}", version) and int(version) > int(newest):
        raise NewerError(
            f"a newer socklab wrote it, as {says}, and this one reads {schema}; cure: upgrade "
            "socklab, as `pip install --upgrade socklab` does"
        )
    told = f"it is {shown(document)}"
    if isinstance(document, dict):
        told = f"it says {shown(says)}" if "schema" in document else "it says of none"
    raise ToolError(f"this is not a {what} of schema {schema}: {told}")


def fields_in(of: type[Any], told: Mapping[str, Any], *place: str | int) -> dict[str, Any]:
    """The fields of a dataclass that a document has: one of an earlier release lacks the new.

    Args:
        of: the dataclass. A name that would be a keyword of Python ends in `_` there.
        told: the part of the document.
        place: where that stands.

    Raises:
        Misfit: one is missing that has no default: there always was one.
    """
    values = {}
    for each in fields(of):
        name = each.name.rstrip("_")
        if name in told:
            values[each.name] = told[name]
        elif each.default is MISSING and each.default_factory is MISSING:
            raise Misfit(f"{LACKS} {name}", *place)
    return values


def compiled(schema: Mapping[str, Any]) -> Check:
    """What checks a document against a schema.

    Raises:
        NotImplementedError: the schema has a keyword that is not known here.
    """
    return _Compiler(schema).compile(schema)


class _Compiler:
    """Turns the parts of one schema into functions, once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._defined = schema.get("$defs", {})
        self._made: dict[str, Check] = {}

    def compile(self, schema: Mapping[str, Any]) -> Check:
        """What checks a value against a part of the schema."""
        checks: list[Check] = []
        known = ONLY_WORDS | PATIENT
        for keyword, value in schema.items():
            match keyword:
                case "$ref":
                    checks.append(self._defined_as(value.removeprefix("#/$defs/")))
                case "type":
                    checks.append(_type(value))
                case "const":
                    checks.append(_one_of([value]))
                case "enum":
                    checks.append(_one_of(value))
                case "pattern":
                    checks.append(_pattern(value))
                case "minimum":
                    checks.append(_minimum(value))
                case "items":
                    checks.append(_each(self.compile(value)))
                case "properties":
                    checks.append(_fields({k: self.compile(v) for k, v in value.items()}))
                case "additionalProperties":
                    if value is not False:
                        checks.append(_others(self.compile(value), schema.get("properties", {})))
                case "oneOf":
                    checks.append(self._kinds(value))
                case "if":
                    then, otherwise = schema.get("then", {}), schema.get("else", {})
                    checks.append(_if(*map(self.compile, (value, then, otherwise))))
                case "then" | "else" if "if" in schema:
                    pass
                case _ if keyword not in known:
                    raise NotImplementedError(f"the schema says {keyword!r}")
        return checks[0] if len(checks) == 1 else _all(checks)

    def _defined_as(self, name: str) -> Check:
        if name not in self._made:
            self._made[name] = self.compile(self._defined[name])
        return self._made[name]

    def _kinds(self, alternatives: Sequence[Mapping[str, str]]) -> Check:
        """Objects of several kinds: `kind` says which, so that the right one is held to its own."""
        checks: dict[str, Check] = {}
        for alternative in alternatives:
            name = alternative["$ref"].removeprefix("#/$defs/")
            checks[self._defined[name]["properties"]["kind"]["const"]] = self._defined_as(name)
        kind = _one_of(list(checks))
        is_object = _type("object")

        def check(value: Any) -> None:
            is_object(value)
            if "kind" not in value:
                raise Misfit(f"{LACKS} kind")
            _within("kind", kind, value["kind"])
            checks[value["kind"]](value)

        return check


def _all(checks: Sequence[Check]) -> Check:
    def check(value: Any) -> None:
        for each in checks:
            each(value)

    return check


def _within(step: str | int, check: Check, value: Any) -> None:
    try:
        check(value)
    except Misfit as misfit:
        misfit.steps.append(step)
        raise


def _type(names: str | Sequence[str]) -> Check:
    wanted = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    tests = [test for _, test in wanted]
    words = " or ".join(word for word, _ in wanted)

    def check(value: Any) -> None:
        for test in tests:
            if test(value):
                return
        raise _misfit(value, words)

    return check


def _one_of(values: Sequence[Any]) -> Check:
    words = json.dumps(values[0]) if len(values) == 1 else f"one of {', '.join(map(str, values))}"
    texts = frozenset(values)

    def check(value: Any) -> None:
        if not (isinstance(value, str) and value in texts):
            raise _misfit(value, words)

    return check


def _pattern(pattern: str) -> Check:
    found = re.compile(pattern).search

    def check(value: Any) -> None:
        if isinstance(value, str) and not found(value):
            raise _misfit(value, f"text of the form {pattern}")

    return check


def _minimum(least: float) -> Check:
    def check(value: Any) -> None:
        if _is_number(value) and value < least:
            raise _misfit(value, f"a number from {least} on")

    return check


def _each(check_item: Check) -> Check:
    def check(value: Any) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                try:
                    check_item(item)
                except Misfit as misfit:
                    misfit.steps.append(index)
                    raise

    return check


def _fields(checks: Mapping[str, Check]) -> Check:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            for name, field in value.items():
                if (check_field := checks.get(name)) is not None:
                    try:
                        check_field(field)
                    except Misfit as misfit:
                        misfit.steps.append(name)
                        raise

    return check


def _others(check_other: Check, named: Mapping[str, Any]) -> Check:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            for name, field in value.items():
                if name not in named:
                    _within(name, check_other, field)

    return check


def _if(condition: Check, then: Check, otherwise: Check) -> Check:
    def check(value: Any) -> None:
        try:
            condition(value)
        except Misfit:
            otherwise(value)
        else:
            then(value)

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number that no float reaches
        return False


def _misfit(value: Any, wanted: str) -> Misfit:
    return Misfit(f"{shown(value)}, where {wanted} belongs")


def shown(value: Any) -> str:
    """A value as JSON writes it, no longer than fits on a line."""
    if isinstance(value, dict | list):
        return TYPES["object" if isinstance(value, dict) else "array"][0]
    try:
        text = json.dumps(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number"
    return text if len(text) <= SAID else text[: SAID - 1] + "…"
