"""The live page and the read API: an ASGI app that reads through the store ports alone, so it serves whatever stands behind them.

One poller reads the store for all who watch. It keeps a board of the newest candles, and each watcher has a mailbox in which newer candles replace
older ones: a slow watcher sees fewer steps, never an old state, and takes no more memory than the board.
"""
