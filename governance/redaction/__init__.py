"""What must not be stored or shown: card data, personal fields, secrets. Pure."""
