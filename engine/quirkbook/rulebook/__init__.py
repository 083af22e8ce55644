"""Rule files -> the rules in force for a provider and a model."""
