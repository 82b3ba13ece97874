"""The engine against the brokers of real hosts: RabbitMQ and Redis as Debian packages them. `make test-brokers`."""
