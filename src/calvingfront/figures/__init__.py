"""The figures: the paper's five, and the curves and the archive behind them."""
