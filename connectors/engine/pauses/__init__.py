"""What a person made wait: pauses of flows, of what comes from a connection and of what goes to it."""
