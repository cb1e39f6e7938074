"""A host that exists only in memory: what the demo shows.

Nothing in here touches a file, a process or a control group of the host it runs on, whoever runs it; the one
thing that is real are the pseudo terminals of shells. Time comes from `clock`, chance from a seed: the same
seed and clock make the same estate.
"""
