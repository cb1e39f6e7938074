"""Completing paths inside a machine: its files may lead anywhere and may never answer.

A process of its own looks at them (`reader`), below a descriptor of the machine's root. We only ask it, wait
for a moment, and let go of it where it does not answer (`paths`).
"""
