"""From labelled scenes to square samples.

The modules of the per-scene jobs (`median`, `fronts`, `square`) import only numpy and OpenCV:
several hundred short jobs each pay for their imports.
"""
