"""Frames a page: title, filters, exhibits, exports, printed sheet. Knows no KPI and no patient."""
