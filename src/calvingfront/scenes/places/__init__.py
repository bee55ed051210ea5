"""Where scenes lie: whether a map's metres are metres, areas of glaciers, names of glaciers."""
