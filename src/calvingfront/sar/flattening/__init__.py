"""Radiometric terrain flattening."""
