"""From labelled scenes to square samples, packed arrays and splits.

The modules of the per-scene jobs (`median`, `fronts`, `square`) import numpy and OpenCV only: a
few hundred jobs pay the import time of their libraries a few hundred times.
"""
