"""Views: a Record as somebody wants to see it. Each reads the Record and nothing else."""
