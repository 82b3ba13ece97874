"""The cross-reference: what one thing is called in each system, learned from what was delivered."""
