"""A realistic past, written fast: for measurements, demonstrations and trying out how much a machine can hold."""
