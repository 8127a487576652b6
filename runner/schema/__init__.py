"""Turns a JSON Schema into a check of values, and an ECMA-262 pattern into a bounded search: the one door to both.

The libraries behind it are imported when first needed: jsonschema-rs, or jsonschema where that has no wheel.
"""

from runner.schema.check import Schema as Schema
from runner.schema.check import compile_gathered as compile_gathered
from runner.schema.check import compile_schema as compile_schema
from runner.schema.choice import EngineName as EngineName
from runner.schema.dangling import Dangling as Dangling
from runner.schema.dangling import dangling_references as dangling_references
from runner.schema.defaults import refused_defaults as refused_defaults
from runner.schema.defaults import with_defaults as with_defaults
from runner.schema.dialect import Direction as Direction
from runner.schema.dialect import SchemaDialect as SchemaDialect
from runner.schema.documents import Definitions as Definitions
from runner.schema.explain import SchemaError as SchemaError
from runner.schema.gather import gather as gather
from runner.schema.gathered import Gathered as Gathered
from runner.schema.gathered import Mark as Mark
from runner.schema.gathered import Nesting as Nesting
from runner.schema.gathered import SchemaProblem as SchemaProblem
from runner.schema.references import meant as meant
from runner.schema.regex import Regex as Regex
from runner.schema.regex import RegexLimit as RegexLimit
from runner.schema.regex import RegexSyntax as RegexSyntax
from runner.schema.regex import compile_regex as compile_regex
from runner.schema.types import declared_types as declared_types
from runner.schema.types import kind_of as kind_of
