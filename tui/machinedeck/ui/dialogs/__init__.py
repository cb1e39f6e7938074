"""Questions asked before something happens."""
