"""What is said about the scenes that were checked."""
