"""What a file drop is to us, as data."""

from __future__ import annotations

from datetime import date

from governance.catalogue.manifest import ApiVersion, Capability, Field, Manifest, RateLimit, VendorPage

READ_ON = date(2026, 11, 23)
SOLD, RETURNED = "receipt/sold", "receipt/returned"

manifest = Manifest(
    key="filedrop",
    label="File drop (SFTP or folder)",
    owner="Signalbox",
    capabilities=frozenset((Capability.READS,)),
    fields=(
        Field(
            "address", "Address", "sftp://host:port/folder, or folder:name for a folder below this system's own drops"
        ),
        Field("username", "User name", "On the SFTP server", required=False),
        Field(
            "fingerprints",
            "Host keys",
            "SHA256:… as the server's owner states it. Several apart by commas; another key is refused",
            required=False,
        ),
        Field("private_key", "Private key", "OpenSSH format, without a passphrase", secret=True, required=False),
        Field("password", "Password", "Only where the server takes no key", secret=True, required=False),
        Field("names", "File names", "With {store} and {day}, e.g. sales_{store}_{day}.csv; days as 2026-11-23"),
        Field(
            "whole_when", "A file is whole", "stable (two looks alike) or sidecar (its .ctl is there)", required=False
        ),
        Field("control", "Control figures", "trailer, sidecar or none; empty: trailer", required=False),
        Field("stores", "Stores expected", "Keys apart by commas, or all; empty: no file is expected", required=False),
        Field(
            "due_by",
            "Expected by",
            "Time of day after the day of sale, by the retailer's clock, e.g. 06:30",
            required=False,
        ),
        Field("look_every", "Look every", "Seconds; empty: 60", required=False),
        Field("columns", "Columns", "Where they have other names: InvoiceNo=receipt, StockCode=sku, …", required=False),
        Field(
            "timezone",
            "Clock of the tills",
            "For times without an offset, e.g. America/New_York; empty: UTC",
            required=False,
        ),
        Field("currency", "Currency", "Of files without a column for it; three letters"),
    ),
    api_versions=(ApiVersion("store-day/1", None, "our own layout: README.md"),),
    rate_limit=RateLimit(burst=1, per_second=1.0, concurrency=1),
    business_keys=("order", "order_id", "refund", "file"),
    id_fields=("receipt", "original", "till", "lines.*.sku", "lines.*.line"),
    vendor_pages=(VendorPage("CSV: RFC 4180", "rfc-editor.org/rfc/rfc4180", READ_ON),),
    extra={"proof": "passed against our stand-in: a real SFTP server"},
)
