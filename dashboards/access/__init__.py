"""Decides who may see what, tracks sign-ins, and writes the audit log. Opens no warehouse."""
