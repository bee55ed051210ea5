"""What people write into tables and layers: the text of a file, names, days and numbers."""
