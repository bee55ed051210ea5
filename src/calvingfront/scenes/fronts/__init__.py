"""The known fronts of scenes: lines in vector layers, and masks, on the grid of the image."""
