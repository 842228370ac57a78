"""What programs print or write for people: terminal views, tables, candle files, time arguments."""
