"""A simulated Finnhub: a real WebSocket server with a made-up market, or a recording, behind it."""
