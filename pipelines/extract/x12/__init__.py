"""Reads X12: segments, then transactions, then the claims, payments and answers that they hold."""
