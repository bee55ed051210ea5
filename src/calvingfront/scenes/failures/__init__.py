"""Scenes whose jobs fail: why, and going on without them."""
