"""Canonical objects to Tryton's sales, and the arithmetic that makes their totals equal. Pure: nothing here calls."""
