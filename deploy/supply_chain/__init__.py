"""The bill of materials, licences and withdrawn packages, from the lock files and what is installed."""
