"""The process that goes into machines, and what it does there.

It is a process of its own with one thread (setns(2) wants that), and it forks for each wish. What is below
`machined.host.linux.helper` is all that it loads, with a small part of the standard library, and it loads
nothing more once it runs: after a machine was entered, whatever is loaded from a file would be loaded from a
file of the machine, with the rights of root.
"""
