"""A stand-in for any API that has an OpenAPI description: examples, or values made from the schemas."""

from runner.sandbox.generic.hopes import Hopes as Hopes
from runner.sandbox.generic.layout import Served as Served
from runner.sandbox.generic.layout import lay_out as lay_out
from runner.sandbox.generic.sandbox import SEED as SEED
from runner.sandbox.generic.sandbox import GenericSandbox as GenericSandbox
from runner.sandbox.generic.sandbox import Mount as Mount
from runner.sandbox.generic.sandbox import mount as mount
