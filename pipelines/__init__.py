"""Moves data: reads extracts, lands them, builds and publishes the warehouse. The only code that writes."""
