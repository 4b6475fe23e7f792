"""The nine engines; each file reads as a table of contents."""
