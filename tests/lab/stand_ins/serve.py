"""Starts the service with its stand-ins: `python3 -I serve.py OPTIONS`."""

import sys

import machined.host.linux

machined.host.linux.__path__.append("/opt/stand-ins")

from machined.__main__ import main  # noqa: E402

sys.exit(main())
