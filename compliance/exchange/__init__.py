"""Rules as files that others can read: TOML as the shipped rulebook has it, and ODRL 2.2 as JSON-LD. Pure."""
