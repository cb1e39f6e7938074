"""The table of checks: what `machinedeck doctor` looks at, in this order."""

from __future__ import annotations

from machinedeck.sources.checkup import host, services, terminal
from machinedeck.sources.checkup.finding import Check

CHECKS = (
    Check("bus", "message bus", services.look_at_bus, is_needed=True),
    Check("service", "service of machines", services.look_at_service, is_needed=True),
    Check("polkit", "polkit", services.look_at_polkit),
    Check("agent", "polkit agent", services.look_at_agent),
    Check("importd", "importd", services.look_at_importd),
    Check("nspawn", "nspawn", host.look_at_nspawn),
    Check("accounting", "accounting", host.look_at_accounting),
    Check("user-namespaces", "user namespaces", host.look_at_user_namespaces),
    Check("pool", "btrfs at the pool", host.look_at_pool),
    Check("term", "terminal", terminal.look_at_term),
    Check("locale", "locale", terminal.look_at_locale),
    Check("clipboard", "clipboard", terminal.look_at_clipboard),
)
