"""A host that exists only in memory: what the demo shows.

Nothing in here changes a file, a process or a control group of the host it runs on, whoever runs it. Three
things are real: the pseudo terminals of shells, copies of roots in the folder for temporary files, and
descriptors that tell when a real process that was registered has ended. Time comes from `clock`, chance from
a seed: the same seed and clock make the same estate.
"""
