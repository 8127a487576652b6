"""Says how the schemas of a document are meant."""

from __future__ import annotations

from typing import Literal, TypeAlias

SchemaDialect: TypeAlias = Literal["2020-12", "openapi-3.0", "swagger-2.0"]
"""`2020-12` also stands for OpenAPI 3.1 and 3.2, and for whatever a schema's own `$schema` says."""

Direction: TypeAlias = Literal["request", "response"]
