"""Turns the security of an operation and the secrets a user has into what is added to a request.

`offers` chooses what can be sent, by the `schemes` of the description and the `credentials` of the user. `guard` adds
it to a request and answers a refusal: a `digest`, or a token that `obtain` gets with what stands in a `wish`, from an
`endpoint` directly or by a user's `consent`. The `keyring` keeps what runs share; `foresight` tells it before a run of
all that this will want. Whatever takes a request or a pause is a generator that yields effects, so that synchronous
and asynchronous runs share it.
"""

from runner.shell.auth.credentials import NO_CREDENTIALS as NO_CREDENTIALS
from runner.shell.auth.credentials import PREFIX as PREFIX
from runner.shell.auth.credentials import Credentials as Credentials
from runner.shell.auth.credentials import from_environment as from_environment
from runner.shell.auth.credentials import keys as keys
from runner.shell.auth.credentials import suffix as suffix
from runner.shell.auth.foresight import calls as calls
from runner.shell.auth.foresight import foresee as foresee
from runner.shell.auth.foresight import supplied as supplied
from runner.shell.auth.guard import foreseen as foreseen
from runner.shell.auth.keyring import Keyring as Keyring
from runner.shell.auth.keyring import Show as Show
from runner.shell.auth.offers import Claim as Claim
from runner.shell.auth.offers import Unusable as Unusable
from runner.shell.auth.offers import missing as missing
from runner.shell.auth.offers import offers as offers
from runner.shell.auth.offers import ways as ways
from runner.shell.auth.slots import Slot as Slot
