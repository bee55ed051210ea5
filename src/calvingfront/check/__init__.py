"""What is checked before the first job, and the pages on which a user checks the scenes."""
