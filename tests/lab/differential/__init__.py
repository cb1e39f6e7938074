"""The differential test: one scenario, played against systemd-machined and against our service alike.

`player` and `topics` run inside a lab host with nothing but its python3, as a client that can also say what
no library would. What it heard is one line a step; `recorded` holds what the real 252 and 257 answered.
"""
