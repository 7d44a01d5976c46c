"""Whose an address is, for all that counts people by where they come from."""

from __future__ import annotations

import ipaddress


def network_of(address: str) -> str:
    """One customer's IPv6 addresses are a /64, which is more than anybody can count."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))
