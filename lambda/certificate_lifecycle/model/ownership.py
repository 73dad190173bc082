"""Words for who manages a certificate, and for what rotation may do to it."""

from __future__ import annotations

from certificate_lifecycle.model.certificate import Documented


class OwnerKind(Documented):
    """Who manages a certificate, by its tags and those of its load balancers."""

    OURS = "ours", "This instance issued it: `ManagedBy` is its name, and it may issue the names."
    DECLARED = "declared", "Infrastructure as code declares it."
    SELECTED = "selected", "A controller finds certificates by name and attaches them."
    OTHER = "other", "None of these."


class CertificateMode(Documented):
    """The actions that rotation may perform on one certificate, in ascending order."""

    OFF = "off", "None; its findings are reported."
    NOTIFY = "notify", "None; its findings are reported."
    REPAIR = "repair", "Validation, imports and exports."
    REPLACE = "replace", "Also requests of successors, moves of consumers and deletion."

    @property
    def rank(self) -> int:
        """The position in the order."""
        return tuple(CertificateMode).index(self)

    def allows(self, needed: CertificateMode) -> bool:
        """Whether this mode is `needed` or a higher one."""
        return self.rank >= needed.rank
