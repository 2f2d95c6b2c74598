"""Subscriptions to alerts: who is told of what."""
