"""The speeds we promise, each measured beside its reference in the same run (`just bench`)."""
