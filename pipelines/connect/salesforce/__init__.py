"""Salesforce and Health Cloud over REST and Bulk API 2.0, through simple-salesforce. Not tried against a live org."""
