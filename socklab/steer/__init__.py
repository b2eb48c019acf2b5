"""Steering: somebody other than a story chooses the moves, and sees what came of each."""
