"""What the wire takes from dbus-next: types, signatures and the words of the authentication.

This is the only module that imports dbus-next. Importing anything of a package runs the package's own
`__init__` first, and dbus-next's brings all it has along, GLib's main loop and an XML parser among it: more
than half of what importing the wire would cost. So the package is made known without being run. Whoever asks
it for a name of its own, as other programs in this process may, has it run then.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

PACKAGE = "dbus_next"

__all__ = ["AuthError", "AuthExternal", "InvalidSignatureError", "SignatureTree", "SignatureType", "Variant"]


def _make_known() -> None:
    """Have the package's modules found, without its `__init__`.

    Raises:
        ModuleNotFoundError: dbus-next is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {PACKAGE!r}", name=PACKAGE)
    package, loader = module_from_spec(spec), spec.loader

    def run(name: str) -> Any:
        """Run the package after all and look again (PEP 562)."""
        del package.__getattr__
        loader.exec_module(package)
        return getattr(package, name)

    package.__getattr__ = run  # type: ignore[method-assign]  # a function of the module, not of its class
    sys.modules[PACKAGE] = package


if PACKAGE not in sys.modules:
    _make_known()

from dbus_next.auth import AuthExternal  # noqa: E402 - the package must be known first
from dbus_next.errors import AuthError, InvalidSignatureError  # noqa: E402 - see above
from dbus_next.signature import SignatureTree, SignatureType, Variant  # noqa: E402 - see above
