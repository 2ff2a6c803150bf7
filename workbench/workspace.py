"""The one place where readers, prices, kernel and store meet."""
