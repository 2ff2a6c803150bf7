"""Does the feature still behave? Latency, burn, cost, accuracy and input drift."""
