"""The door for what is asked for: streams of a source are read on from a cursor, and what is new is taken in."""
