"""How far a located front may lie from the true one: spread, calibration, quality."""
