"""A real Tryton, prepared and run by us: the ERP of the demo and of the tests."""
