"""What runs inside a lab host: a client of bare bytes, the machines to ask about, what is written down."""
