"""The domain of machines: which there are, how they come and go, what may be done to them."""
