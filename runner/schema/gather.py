"""Turns a schema and the documents it refers to into one schema of 2020-12, in which every reference is local.

Only what can be reached is taken along, so that one broken part of a large document harms nobody else, and the engines
need neither a registry nor a base URI. `$dynamicRef` is read as `$ref`: its target does not depend on the way to it.

What is written otherwise in OpenAPI is converted on the way: see `convert`, `access` and `discriminator`.
"""

from __future__ import annotations

from collections.abc import Mapping

from runner.records import Mutable, field
from runner.schema.access import Access, marking
from runner.schema.convert import converted
from runner.schema.depth import DEEPEST, is_deeper
from runner.schema.dialect import Direction, SchemaDialect
from runner.schema.discriminator import Choice, choice
from runner.schema.documents import Definitions, Node
from runner.schema.gathered import Gathered, Mark, SchemaProblem
from runner.schema.keywords import CLOSING, DEFINITIONS, IN_PLACE, MANY, NAMED, NAMES, ONE, REFERENCES
from runner.schema.references import References
from runner.schema.spelled import spelled_out
from runner.values import Json

# "All other properties in a '$ref' object MUST be ignored" until 2019-09 (draft-07, 8.3), and in OpenAPI until 3.1.
_OLD_DRAFTS = {f"http://json-schema.org/draft-{number}/schema" for number in ("04", "06", "07")}
_DRAFTS = {f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")}
_NAMING = REFERENCES | NAMES
_PLAIN = (str, int, float)
_NOBODY: frozenset[str] = frozenset()
# What is more than a keyword of its own: it holds schemas, leads to others, or means something else for us.
_MORE = _NAMING | ONE | MANY | NAMED | {"discriminator", "format", "readOnly", "writeOnly"}


def gather(
    schema: Json,
    definitions: Mapping[str, Json] | Definitions | None = None,
    dialect: SchemaDialect = "2020-12",
    direction: Direction | None = None,
) -> Gathered:
    """Gather a schema and all that it refers to; SchemaProblem where a reference leads nowhere."""
    written = schema.get("$schema", "") if isinstance(schema, dict) and dialect == "2020-12" else ""
    draft = str(written).rstrip("#")
    given = definitions if isinstance(definitions, Definitions) else Definitions(definitions or {})
    references = References(given, Definitions({"": schema}), dialect, draft in _OLD_DRAFTS or dialect != "2020-12")
    gathering = _Gathering(references, Access(references, marking(direction, dialect)), draft not in _OLD_DRAFTS)
    gathering.take(Node("", "", references.base("", schema), schema))
    root: dict[str, Json] = {"$ref": DEFINITIONS + "s0", "$defs": gathering.taken}
    if draft in _OLD_DRAFTS or draft in _DRAFTS:
        root["$schema"] = draft
    return Gathered(root, gathering.origins, gathering.marks)


class _Gathering(Mutable):
    """The schemas taken so far, by their names in `$defs`; with `modern` there are `if` and `then`."""

    references: References
    access: Access
    modern: bool
    taken: dict[str, Json] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    links: dict[str, dict[str, Json]] = field(default_factory=dict)
    pending: list[Node] = field(default_factory=list)
    marks: dict[int, Mark] = field(default_factory=dict)

    def take(self, node: Node) -> None:
        self.name(node)
        while self.pending:
            current = self.pending.pop()
            if is_deeper(current.value, DEEPEST):
                raise SchemaProblem("the schema is nested too deeply", current.origin)
            self.taken[self.names[current.key]] = self.copy(current, _NOBODY)

    def name(self, node: Node) -> str:
        """Give the name of a schema, and take it along if it is new."""
        name = self.names.get(node.key)
        if name is None:
            name = self.names[node.key] = f"s{len(self.names)}"
            self.origins[name] = node.origin
            self.pending.append(node)
        return name

    def reference(self, node: Node) -> dict[str, Json]:
        name = self.name(node)
        return self.links.setdefault(name, {"$ref": DEFINITIONS + name})

    def mark(self, made: dict[str, Json], origin: str, keyword: str = "", expected: Json = None) -> Json:
        """Say of a schema that nobody wrote where it comes from, and what it says if that is not what it reads."""
        self.marks[id(made)] = Mark(made, origin, keyword, expected)
        return made

    def copy(self, node: Node, excused: frozenset[str]) -> Json:
        """Copy a schema with its references made local, alone in a schema, and some formats spelled out.

        `excused` are properties of the same value that another schema declares, and that are not required.
        """
        if not isinstance(node.value, dict):
            return {"not": True} if node.value is False else node.value
        alone = self.references.only(node)
        if alone is not None:
            return self.reference(self.references.resolve(alone, node.below("$ref", alone)))
        made: dict[str, Json] = {}
        more: list[Json] = []
        excused = self.access.excused(node, excused)
        for keyword, value in converted(node.value, self.references.dialect).items():
            if keyword not in _NAMING and isinstance(value, _PLAIN) and not isinstance(value, bool):
                made[keyword] = value
                continue
            here = node.below(keyword, value)
            if keyword in REFERENCES and isinstance(value, str):
                more.append(self.reference(self.references.resolve(value, here)))
            elif keyword not in NAMES:
                made[keyword] = self.copy_parts(keyword, here, excused)
        more += self.additions(node, made)
        others = made.get("allOf", [])
        if more and isinstance(others, list):
            made["allOf"] = [*others, *more]
        return made

    def copy_parts(self, keyword: str, node: Node, excused: frozenset[str]) -> Json:
        value = node.value
        same = excused if keyword in IN_PLACE else _NOBODY
        if keyword in MANY and isinstance(value, list):
            return [self.copy(self.references.inner(node, index, item), same) for index, item in enumerate(value)]
        if keyword == "properties" and isinstance(value, dict):
            return {name: self.property(node, name, item) for name, item in value.items()}
        if keyword in NAMED and isinstance(value, dict):
            return {name: self.copy(self.references.inner(node, name, item), same) for name, item in value.items()}
        if keyword in ONE and not (value is False and keyword in CLOSING):
            return self.copy(node._replace(base=self.references.base(node.base, value)), same)
        if keyword == "required" and isinstance(value, list):
            return [name for name in value if name not in excused] if excused else value
        return value

    def property(self, properties: Node, name: str, schema: Json) -> Json:
        """Copy the schema of a property, or refuse the property where it may not be sent; most say only little."""
        if isinstance(schema, dict):
            made = converted(schema, self.references.dialect)
            if _MORE.isdisjoint(made):
                return dict(made)
        node = self.references.inner(properties, name, schema)
        refused = self.access.refused(node)
        if refused is None:
            return self.copy(node, _NOBODY)
        return self.mark({"not": True, refused.keyword: True}, refused.origin, refused.keyword)

    def additions(self, node: Node, made: dict[str, Json]) -> list[Json]:
        """Spell out what JSON Schema does not know; a discriminator takes the place of the alternatives."""
        more: list[Json] = []
        asserted = spelled_out(made.get("format"), made.get("type"))
        if asserted is not None:
            more.append(self.mark(asserted, f"{node.origin}/format", "format", made["format"]))
        if "discriminator" in made and self.modern:
            chosen = choice(node, self.references)
            if chosen is not None:
                more.append(self.dispatch(chosen, node, made))
        return more

    def dispatch(self, chosen: Choice, node: Node, made: dict[str, Json]) -> Json:
        """Copy the choice of a discriminator; see `discriminator` for what it looks like."""
        copies = made.pop(chosen.keyword, None)
        selected: list[Json] = []
        for case in chosen.cases:
            if isinstance(copies, list) and case.place is not None:
                then = copies[case.place]
                if isinstance(then, dict) and "$ref" not in then:
                    self.mark(then, f"{node.origin}/{chosen.keyword}/{case.place}")
            else:
                then = self.reference(case.target)
            selected.append(then)
        otherwise: Json = True
        if chosen.default is not None:
            otherwise = self.reference(chosen.default)
        elif copies is not None:
            otherwise = self.mark({chosen.keyword: copies}, node.origin)
        known: dict[str, Json] = {"enum": list(chosen.values)}
        self.mark(known, f"{node.origin}/discriminator", "discriminator", list(chosen.shown))
        return chosen.schema(selected, known, otherwise)
