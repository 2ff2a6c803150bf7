"""The portable SQL that prices and rolls up, and the engines that run it."""
