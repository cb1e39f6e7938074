"""The images of the host that we run on, and the pool.

`storage` has the class; all other modules are parts of it. Quick work is done in threads, long work and what
strangers can make hang in processes of their own (`nursery`, `crew`), never in the event loop.
"""
