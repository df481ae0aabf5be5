"""One module per wire format: a request body in, the provider's true response shape out."""
