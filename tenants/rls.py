"""Row-level security as a migration operation: the net behind the queryset's scope (`design.md` 1)."""

from __future__ import annotations

from django.db.migrations.operations.special import RunSQL

# The inner SELECT makes the list an InitPlan: read once a query, and the (retailer_id, …) indexes stay usable.
SEES = (
    "current_setting('app.retailers', true) = '*' OR {column} = ANY ((SELECT string_to_array(nullif(nullif("
    "current_setting('app.retailers', true), ''), '*'), ','))::bigint[])"
)


class RetailerIsolation(RunSQL):
    """ENABLE and FORCE row-level security on `table`: rows are seen and written only within `app.retailers`.

    A row without a retailer belongs to the partner and is seen under `*` only.
    """

    def __init__(self, table: str, column: str = "retailer_id") -> None:
        self.table = table
        self.column = column
        rule = SEES.format(column=column)
        super().__init__(
            sql=[
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY retailer_isolation ON {table} USING ({rule}) WITH CHECK ({rule})",
            ],
            reverse_sql=[
                f"DROP POLICY retailer_isolation ON {table}",
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            ],
        )

    def deconstruct(self) -> tuple[str, list[str], dict[str, str]]:
        return "RetailerIsolation", [self.table], {"column": self.column}
