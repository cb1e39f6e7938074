"""What stands in for parts of the host that are not merged yet, inside lab hosts."""
