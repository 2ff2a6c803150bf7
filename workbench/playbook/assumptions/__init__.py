"""Who says so: the register of assumptions, scenarios over it, and versions that lock both."""
