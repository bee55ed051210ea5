"""One table over several results folders, each with a split of its own."""
