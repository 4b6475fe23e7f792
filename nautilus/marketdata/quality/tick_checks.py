"""Quotes and trades one by one."""
