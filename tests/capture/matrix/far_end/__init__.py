"""Stand-ins for the providers on loopback: they speak the true wire formats and keep a log of their own."""
