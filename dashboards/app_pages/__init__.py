"""One file a page. Each asks, lays out and words; what is shared between pages lies in the rooms below."""
