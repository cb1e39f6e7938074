"""Varlink: calls as JSON objects, each ended by a NUL, over a stream socket (https://varlink.org/).

libc's name service asks for users and groups of machines this way (nss-systemd(8)); `UserDatabase` is where
to begin.
"""

from machined.varlink.user_database import UserDatabase

__all__ = ["UserDatabase"]
