"""How long the pages of usage and requests take over many requests."""
