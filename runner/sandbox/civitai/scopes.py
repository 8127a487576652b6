"""Turns the decimal bit masks that Civitai writes scopes as into names and back, and says which operation wants which.

An operation that answers anybody wants none; `UserRead` comes with every other scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

NAMES = (
    *("UserRead", "UserWrite", "ModelsRead", "ModelsWrite", "ModelsDelete", "MediaRead", "MediaWrite", "MediaDelete"),
    *("ArticlesRead", "ArticlesWrite", "ArticlesDelete", "BountiesRead", "BountiesWrite", "BountiesDelete"),
    *("AIServicesRead", "AIServicesWrite", "BuzzRead", "CollectionsRead", "CollectionsWrite", "SocialWrite"),
    *("SocialTip", "NotificationsRead", "NotificationsWrite", "VaultRead", "VaultWrite"),
    *("AppBlocksSubmit", "AppBlocksDevTunnel"),
)
"""Each at the place of its bit."""

FULL = NAMES[:25]
"""The preset of that name, 33554431: the last two are asked for one by one."""

NEEDED: Mapping[str, str] = MappingProxyType(
    {
        "getCurrentUser": "UserRead",
        "checkPermissions": "ModelsRead",
        **dict.fromkeys(("getVaultItem", "getAllVaultItems", "checkVault"), "VaultRead"),
        "toggleVaultVersion": "VaultWrite",
        **dict.fromkeys(("queryWorkflows", "getWorkflow", "getBlob", "headBlob"), "AIServicesRead"),
        **dict.fromkeys(("submitWorkflow", "updateWorkflow", "patchWorkflow", "deleteWorkflow"), "AIServicesWrite"),
        **dict.fromkeys(("uploadBlob", "getBlobUploadUrl", "refreshBlob"), "AIServicesWrite"),
    }
)
"""The scope that an app's token must have, by operation."""


def read_mask(text: str) -> tuple[str, ...]:
    """Read a mask; ValueError says what is wrong with it."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise ValueError("it must be a decimal bit mask")
    mask = int(text)
    if mask >> len(NAMES):
        raise ValueError(f"a bit above {len(NAMES) - 1} has no meaning")
    return tuple(name for bit, name in enumerate(NAMES) if mask >> bit & 1)


def write_mask(names: Iterable[str]) -> str:
    """Write scopes as a mask."""
    return str(sum(1 << NAMES.index(name) for name in set(names)))
