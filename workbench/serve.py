"""Starts Voilà and JupyterLab on a workspace's published snapshot."""
