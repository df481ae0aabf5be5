"""Two example pipelines to audit, and the local teacher they can be run against without a provider."""
