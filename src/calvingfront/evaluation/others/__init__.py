"""Results of others, read from their files as predictions on the grids of the samples."""
