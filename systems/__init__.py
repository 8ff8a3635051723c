"""The systems of the lab: a folder each, with the manifest that tells the lab how to start it."""
