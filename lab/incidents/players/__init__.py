"""Players that need nobody: the honest baseline, and those who look at nothing, who show where the floor is."""
