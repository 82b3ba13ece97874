"""The door: verify, identify, store, answer. Everything that comes in comes in here."""
