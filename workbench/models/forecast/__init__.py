"""What usage will add up to over a horizon, and how sure that is by its own record."""
