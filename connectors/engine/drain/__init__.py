"""The drain: routes messages into lanes, leases lanes, runs operations, and finishes them in sets."""
