"""Measurements, as ratios wherever machines differ."""
