"""What the console knows of a host: frozen values and how they are written. No input or output here."""
