"""Simulated radar images in the missions' own product layouts, one module per format."""
