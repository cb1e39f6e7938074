"""The domain of images: which there are, and what may be done to them and to the pool."""
