"""Rasters of heights: their values, voids and mosaics."""
