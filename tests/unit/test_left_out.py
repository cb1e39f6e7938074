"""What is left out of the start is there for whoever asks for it afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "from machined.loop import import_asyncio\n"
            "import_asyncio()\n"
            "assert 'asyncio' in sys.modules and 'ssl' not in sys.modules\n"
            "import asyncio, ssl\n"
            "assert ssl.create_default_context()\n"
            "asyncio.run(asyncio.sleep(0))",
            id="TLS",
        ),
        pytest.param(
            "import ssl\n"
            "from machined.loop import import_asyncio\n"
            "import_asyncio()\n"
            "assert sys.modules['ssl'] is ssl",
            id="TLS that was there before",
        ),
        pytest.param(
            "import machined.wire\n"
            "assert 'dbus_next.message_bus' not in sys.modules\n"
            "from dbus_next import Message, Variant\n"
            "from dbus_next.aio import MessageBus\n"
            "assert Variant is machined.wire.Variant and Message and MessageBus\n"
            "assert not hasattr(sys.modules['dbus_next'], 'no_such_name')",
            id="dbus-next",
        ),
        pytest.param(
            "import dbus_next, machined.wire\nassert dbus_next.Variant is machined.wire.Variant",
            id="dbus-next that was there before",
        ),
        pytest.param(
            "from machinedeck.ui.spared import spare_palette\n"
            "spare_palette()\n"
            "import textual.app\n"
            "assert 'textual.widgets._input' not in sys.modules\n"
            "from textual.command import CommandList\n"
            "assert CommandList.__mro__ and 'textual.widgets._input' in sys.modules",
            id="Textual's palette",
        ),
    ],
)
def test_it_is_there_when_it_is_asked_for(code: str) -> None:
    subprocess.run([sys.executable, "-c", f"import sys\n{code}"], check=True)
