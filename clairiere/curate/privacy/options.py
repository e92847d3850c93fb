"""The `[curate.privacy]` table."""

from __future__ import annotations

from typing import Literal

from clairiere.options import Options

Action = Literal["keep", "delete", "mask", "pseudonym"]


class PrivacyOptions(Options):
    """What becomes of personal data, kind by kind.

    `keep` leaves it, `delete` takes it out, `mask` writes the kind in brackets (`[e-mail]`, `[téléphone]` …), and
    `pseudonym` writes a value that belongs to no one: the same for the same value throughout a document, and reserved
    or invalid by construction.
    """

    email: Action = "mask"
    """E-mail addresses; masked as `[e-mail]`."""
    phone: Action = "mask"
    """Telephone numbers, French ones in any grouping and international ones after a `+`; masked as `[téléphone]`."""
    iban: Action = "mask"
    """Bank accounts (IBAN) whose check digits are right; masked as `[IBAN]`."""
    card: Action = "mask"
    """Payment cards whose check digit is right; masked as `[carte bancaire]`."""
    social_security: Action = "mask"
    """French social security numbers (NIR) whose key is right; masked as `[numéro de sécurité sociale]`."""
    ip: Action = "mask"
    """Public IPv4 and IPv6 addresses; masked as `[adresse IP]`."""
    address: Action = "mask"
    """Postal addresses that begin with a number and a kind of street; masked as `[adresse]`."""
    public_addresses: tuple[str, ...] = ("theatre", "book", "encyclopedia", "legal", "newspaper", "parliament")
    """Categories of published works, whose postal addresses are those of places, firms and fiction: they stay."""
    plate: Action = "mask"
    """French license plates; masked as `[plaque]`."""
    name: Action = "mask"
    """Names where the source itself marks one as taken out (`[PII]`, `[Nom]`, `NNAAME`); masked as `[PII]`."""
    seed: int = 0
    """Another seed gives other pseudonyms."""
