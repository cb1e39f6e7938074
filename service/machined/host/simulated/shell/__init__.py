"""The built-in shell of the demo: what is at the other end of the terminals of simulated machines.

It never runs a program of the real host and opens no file of it: programs are functions of this package that
work on the tree and the processes of the simulated machine. The one real thing are the pseudo terminals.
"""

from machined.host.simulated.shell.opening import close_all, open_login, open_pty, open_shell
from machined.host.simulated.shell.programs import PROGRAMS

PROGRAM_NAMES = tuple(sorted(name for name, program in PROGRAMS.items() if not program.is_builtin))
"""The programs that the shell runs as processes: what `/usr/bin` of a machine shows."""

__all__ = ["PROGRAM_NAMES", "close_all", "open_login", "open_pty", "open_shell"]
