"""What machines use, from the files of this host: control groups, else sums over processes."""
