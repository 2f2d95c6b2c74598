"""Odoo 19 over its JSON API: contacts are found, activities written and read back, a mailing list is kept."""
