"""Exploring: a search chooses the moves, and tries every order of them on the real kernel."""
