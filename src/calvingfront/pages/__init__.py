"""Self-contained pages to look at fronts in a browser, without network or server."""
