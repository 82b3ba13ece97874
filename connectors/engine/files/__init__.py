"""The door for files: folders and SFTP drops are listed, whole files taken, and what is expected is watched."""
