"""Characters of no width, as copies from web pages leave them: two ids that look the same are the same."""

OF_NO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
UNSEEN = f"[{OF_NO_WIDTH}]"
"""A regular expression of one of them."""
