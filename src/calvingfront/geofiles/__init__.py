"""Rasters and vector files through GDAL: which formats are opened, and whole or not written."""
