"""What keeping records costs, what the law asks, and which policy inside the law is cheapest."""
