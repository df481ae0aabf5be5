"""From a clause to a first draft of its rule. Pure: a proposal, for a person to read, change and answer for."""
