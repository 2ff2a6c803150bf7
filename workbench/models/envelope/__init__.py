"""What it may cost, by month and year, and how likely the budget is to break."""
