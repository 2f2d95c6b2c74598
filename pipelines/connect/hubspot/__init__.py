"""HubSpot over its CRM API v3. Written from the documentation, and not tried against a live account."""
