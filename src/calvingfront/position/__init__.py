"""The position of a calving front through time: boxes, centrelines, series, trend and season.

Positions are metres down-glacier of a place that never moves: the up-glacier side of the box, or
the start of the flow line. Advance is therefore positive. Which way is down-glacier is given by
the user and never read off the fronts.
"""
