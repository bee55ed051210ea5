"""From the paths that a user names to scenes: images, products, folders, archives."""
