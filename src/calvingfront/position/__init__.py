"""The position of a calving front through time: boxes, centrelines, series, trend and season.

Positions are in metres down-glacier from a fixed reference: the up-glacier side of the box, or the
start of the flow line. Advance is therefore positive. The user states which way is down-glacier; it
is never inferred from the fronts.
"""
