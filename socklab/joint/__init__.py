"""Joint states: both ends, the wire and the programs at one moment; and the graph they make."""
