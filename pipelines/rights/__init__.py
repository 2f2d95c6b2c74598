"""A person's rights: to see everything, to have it kept from use, to have it erased, to know whom it was disclosed to."""
