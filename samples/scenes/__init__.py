"""One module a sample picture; each has `draw()`, which returns the picture and its ground truth."""
