"""Decides who may see what, remembers sign-ins, and records who did. Opens no warehouse."""
