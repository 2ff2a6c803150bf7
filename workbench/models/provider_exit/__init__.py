"""What leaving a provider costs, how long it takes, and what staying exposes one to."""
