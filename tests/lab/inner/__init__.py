"""Programs of tests that run inside lab hosts."""
