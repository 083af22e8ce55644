"""A JSON value that is being edited: paths into it, a draft that records each edit, and changes in words."""
