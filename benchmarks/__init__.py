"""Measurements, as ratios within one run: machines differ and are noisy, so a time alone says little."""
