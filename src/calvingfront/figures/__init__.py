"""The figures: the paper's five, training and threshold curves, and an overview of the archive."""
