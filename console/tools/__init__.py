"""What the commands for people at a shell do, apart from arguments and printing."""
