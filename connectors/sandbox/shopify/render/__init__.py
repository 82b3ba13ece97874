"""A sale in the vendor's words: the order and refund documents of the REST and webhook API, version 2026-10.

Source: shopify.dev/docs/api/admin-rest/2026-10/resources/order and /refund (shapes compared with captured deliveries).
A fulfilled till sale carries no fulfilment document here; all else the vendor always sends is there, null where empty.
"""
