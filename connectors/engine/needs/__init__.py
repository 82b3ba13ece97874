"""What a delivery waits for: a thing that another one brings, or a value that a person adds."""
