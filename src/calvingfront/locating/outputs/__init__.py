"""The files that `calvingfront locate` writes."""
