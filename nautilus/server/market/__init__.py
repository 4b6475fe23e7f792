"""What the market data engine is made of."""
