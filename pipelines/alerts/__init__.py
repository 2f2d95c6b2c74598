"""Tells people of signs of intrusion, of KPIs and checks beyond a threshold, and a digest. Never of a patient."""
