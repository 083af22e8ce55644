"""Text -> data that records where in its file each key and value stands."""
