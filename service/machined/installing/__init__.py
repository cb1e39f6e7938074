"""Putting the service in place on a host, and taking it away again: `python -I -m machined install`.

Every file that is put somewhere is written down in a manifest with what was there before, so that taking it
away leaves the host as it was.
"""
