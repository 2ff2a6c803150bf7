"""What leaves the workbench: Excel, FOCUS, static HTML, audit pack."""
