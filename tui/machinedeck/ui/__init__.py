"""The console on the screen. The only package that knows Textual."""
