"""Runs: a fitted model on disk, how it came about, and what is read from it."""
