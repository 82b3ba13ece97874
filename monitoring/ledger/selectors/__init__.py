"""Reads of the ledger, named for the screens they feed. All of them stay within the scope."""
