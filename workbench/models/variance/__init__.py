"""Why did the cost change: price, volume, mix, new and discontinued models, usage legs, FX."""
