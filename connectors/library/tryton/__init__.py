"""Tryton: orders become sales, refunds become returns, in an ERP of the retailer's own."""
