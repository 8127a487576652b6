"""What a workflow expects of an API that its description does not offer."""

from __future__ import annotations

from collections.abc import Iterable

from runner.diagnostics import Diagnostic, Fix, did_you_mean
from runner.plan.rules.report import known_names, warning
from runner.source import Span


def unfitting_pointer(place: str, why: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A part of a response is used that the schemas of the operation have no room for.

    Why: the value would be absent, whatever the API answers: an index is missing, or a name is misspelt.
    Example: `$response.body#/title` where the body is an array of books.
    Instead: `$response.body#/0/title`, or a name that the schema declares.
    """
    names = list(known)
    written = place.rpartition("/")[2]
    fix = did_you_mean(written, names) or known_names("names", names)
    return warning("unfitting-pointer", why, span, fix=fix)


def unknown_header(name: str, operation: str, meant: str, span: Span) -> Diagnostic:
    """A response header has almost the name of one that the operation declares.

    Why: an API may send what it does not declare, but a name that is off by a letter is most likely a slip: the value
    would be absent.
    Example: `$response.header.Locaton` for an operation that declares the header `Location`.
    Instead: write the name that is declared.
    """
    message = f"no response of {operation} declares the header '{name}'"
    return warning("unknown-header", message, span, fix=Fix(f"did you mean '{meant}'?"))


def undeclared_status(status: int, operation: str, declared: Iterable[str], span: Span) -> Diagnostic:
    """A condition waits for a status of success that the operation does not declare.

    Why: the step fails although the call succeeds, if the API answers as its description says.
    Example: `$statusCode == 200` for an operation whose only response of success is `201`.
    Instead: compare with a status that is declared, or correct the API description.
    """
    known = list(declared)
    message = f"{operation} does not declare the status {status}"
    fix = Fix(f"it declares {', '.join(known)}") if known else None
    return warning("undeclared-status", message, span, fix=fix)


def impossible_status(written: str, span: Span) -> Diagnostic:
    """A status is compared with what no status can be.

    Why: a status code is a whole number from 100 to 599 (RFC 9110, section 15).
    Example: `$statusCode == 20`.
    Instead: write the three digits, `200`.
    """
    return warning("impossible-status", f"{written} is no HTTP status", span, fix=Fix("a status has three digits"))


def undeclared_value(value: str, place: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A value is compared with a text that is not among those its schema lists.

    Why: the comparison has the same result whatever the API answers.
    Example: `$response.body#/status == 'redy'` where the schema lists `ready` and `building`.
    Instead: write a value that the schema lists.
    """
    names = list(known)
    fix = did_you_mean(value, names) or known_names("values", names)
    return warning("undeclared-value", f"'{value}' is not among the values of {place}", span, fix=fix)


def structure_compared(place: str, found: str, span: Span) -> Diagnostic:
    """An object or array is compared with a single value.

    Why: they are never equal, and neither is before the other: the comparison has the same result whatever the API
    answers.
    Example: `$response.body#/items == 3`, where the schema has an array.
    Instead: compare the part that is meant: `$response.body#/items/0/id == 3`, or `#/items.length`.
    """
    message = f"{place} is {found}, which equals no single value"
    return warning("structure-compared", message, span, fix=Fix("compare the part that is meant"))


def type_compared(place: str, found: str, written: str, fix: str, span: Span, *, is_order: bool = False) -> Diagnostic:
    """A value is compared with one of a type that it never has.

    Why: values of two types are never equal, but for a number and the text of it: the comparison has the same result
    whatever the API answers.
    Example: `$response.body#/ready == 'true'`, where the schema has a boolean.
    Instead: `$response.body#/ready == true`.
    """
    never = "is never less or more than" if is_order else "never equals"
    return warning("type-compared", f"{place} is {found}, which {never} {written}", span, fix=Fix(fix))


def structure_as_text(name: str, wanted: str, found: str, span: Span) -> Diagnostic:
    """A whole object or array is sent where the parameter's schema has a single value.

    Why: it would be written into the URL or header as text, which the API can hardly mean.
    Example: a path parameter `bookId` with the output `book: $response.body` of an earlier step.
    Instead: select the part that is meant: `$response.body#/id`.
    """
    message = f"the parameter '{name}' is {wanted}, but this is {found}"
    return warning("structure-as-text", message, span, fix=Fix("select the part that is meant with a JSON Pointer"))


def invalid_value(what: str, why: str, span: Span) -> Diagnostic:
    """A constant that is sent breaks the schema that the API description has for it.

    Why: the API would refuse the request, if it is as its description says.
    Example: `value: many` for a parameter `limit` whose schema is an integer.
    Instead: give a value that the schema accepts.
    """
    return warning("invalid-value", f"{what} breaks its schema: {why}", span)
