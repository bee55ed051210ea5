"""What results were made from: digests of files by content, and of the code that made them."""
