"""Turns what is put into a vault and taken out of it into its items and the room they take."""

from __future__ import annotations

import math
from collections.abc import Mapping

from runner.records import Frozen, Mutable, field
from runner.sandbox.civitai.catalogue import Catalogue
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.civitai.rows import Version
from runner.sandbox.civitai.settings import Opening, Tier, VaultStatus

_GB = 1024.0 * 1024.0

LIMITS_KB: Mapping[Tier, float] = {
    "Free": 0.0,
    "Founder": 100 * _GB,
    "Bronze": 100 * _GB,
    "Silver": 250 * _GB,
    "Gold": 500 * _GB,
}
"""The room of a vault by membership; nobody says how much a Founder has."""


class Item(Frozen):
    """A version in a vault; the copy is made by `settles`, or is not when the version has no files."""

    id: int
    version_id: int
    model_id: int
    size_kb: float
    added: float
    settles: float
    outcome: VaultStatus

    def status(self, now: float) -> VaultStatus:
        return self.outcome if now >= self.settles else "Pending"


def size_kb(version: Version) -> float:
    """Give the room that the files of a version take."""
    return round(sum(file.size_kb for file in version.files), 2)


class Vault(Mutable):
    """The vault of an account, which a Free one does not have; `other_kb` is taken by what is not listed."""

    tier: Tier
    other_kb: float = 0.0
    items: dict[int, Item] = field(default_factory=dict)
    _ids: int = 0

    @property
    def limit_kb(self) -> float:
        return LIMITS_KB[self.tier]

    def used_kb(self, now: float) -> float:
        """Give the room that is taken; a copy that failed takes none."""
        copies = (item.size_kb for item in self.items.values() if item.status(now) != "Failed")
        return round(self.other_kb + sum(copies), 2)

    def toggle(self, model_id: int, version: Version, now: float, duration: float) -> Item:
        """Take a version out when it is there, else put it in; give the item."""
        if version.id in self.items:
            return self.items.pop(version.id)
        if self.tier == "Free":
            raise Refusal(403, "a vault needs a membership", code="no_membership")
        used, size = self.used_kb(now), size_kb(version)
        if used + size > self.limit_kb:
            free = round(max(self.limit_kb - used, 0.0), 2)
            raise Refusal(403, f"the version takes {size} KB and the vault has {free} KB left", code="vault_full")
        return self._put(model_id, version, now, now + duration, "Stored" if version.files else "Failed")

    def _put(self, model_id: int, version: Version, added: float, settles: float, outcome: VaultStatus) -> Item:
        self._ids += 1
        item = Item(self._ids, version.id, model_id, size_kb(version), added, settles, outcome)
        self.items[version.id] = item
        return item

    def fill(self, statuses: Mapping[int, VaultStatus], catalogue: Catalogue, now: float) -> None:
        """Put versions in as they were an hour ago; one that is Pending stays so."""
        for version_id, status in statuses.items():
            model, version = catalogue.versions[version_id]
            self._put(model.id, version, now - 3600, math.inf if status == "Pending" else now, status)


def open_vault(opening: Opening, catalogue: Catalogue, now: float) -> Vault:
    """Give the vault that an account begins with."""
    vault = Vault(opening.tier, opening.vault_other_kb)
    vault.fill(opening.vault, catalogue, now)
    return vault
