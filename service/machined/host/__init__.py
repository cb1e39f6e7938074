"""What the service asks of the machine below it, behind narrow protocols.

`host.ports` gathers them; `linux/` answers on a real host, `simulated/` for the demo.
"""
