"""Salesforce and Health Cloud over REST and Bulk API 2.0. Written from the documentation, and not tried against a live org."""
