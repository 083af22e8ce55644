"""Rules -> a plan, and a plan run over a payload."""
