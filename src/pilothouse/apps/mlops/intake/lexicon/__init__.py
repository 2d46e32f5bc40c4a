"""The words that intake knows: tables of phrases in `words/`, and the facts behind them."""
