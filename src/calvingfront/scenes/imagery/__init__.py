"""Pixels of the user's images: which band, what is no data, what the values are."""
