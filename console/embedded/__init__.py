"""What `manage.py up` runs on one machine: PostgreSQL, a broker, and the processes that use them."""
