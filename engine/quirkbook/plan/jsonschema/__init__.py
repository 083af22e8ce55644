"""Repairs of JSON Schemas that providers refuse."""
