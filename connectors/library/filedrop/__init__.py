"""Files of tills: one CSV file a store and day, in a folder or on an SFTP server."""
