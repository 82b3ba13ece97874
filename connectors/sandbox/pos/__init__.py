"""A stand-in for the tills of a chain: each evening they drop a store-day file on an SFTP server."""
