"""The application reads which partners and hosts there are; only the owner's commands change them."""

from django.db import migrations

REVOKE = """
DO $$
DECLARE grantee regrole;
BEGIN
    FOR grantee IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = '{table}'::regclass AND a.grantee NOT IN (c.relowner, 0)
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM %s', grantee);
    END LOOP;
END $$
"""
TABLES = ("partners_partner", "partners_domain")


class Migration(migrations.Migration):
    dependencies = [("partners", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [
                statement
                for table in TABLES
                for statement in (
                    # What `tenants.roles.grant_schema` looks for: without the mark it would grant writing again.
                    f"COMMENT ON TABLE {table} IS 'read-only'",
                    REVOKE.format(table=table),
                )
            ],
            migrations.RunSQL.noop,
        )
    ]
