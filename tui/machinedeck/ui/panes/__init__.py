"""The three lists: machines, images and the pool."""
