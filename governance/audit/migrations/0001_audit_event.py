from django.db import migrations, models

import tenants.ids
from tenants.rls import SEES

TABLE = "audit_auditevent"
SEEN = SEES.format(column="retailer_id")

# A retailer's rows for its scope, the partner's own rows (no retailer) under '*' only. Anyone of the partner may add
# to the partner's own log: a sign-in or a refusal happens before, or outside of, any retailer.
ISOLATION = [
    f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY audit_seen ON {TABLE} FOR SELECT USING ({SEEN})",
    f"CREATE POLICY audit_added ON {TABLE} FOR INSERT WITH CHECK (retailer_id IS NULL OR {SEEN})",
    f"CREATE POLICY audit_sealed ON {TABLE} FOR UPDATE USING ({SEEN}) WITH CHECK ({SEEN})",
]
# The owner is bound by the trigger too. The one change it lets through is the sealer's: seq and chain, once.
APPEND_ONLY = [
    """
    CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.seq IS NULL AND NEW.seq IS NOT NULL AND NEW.chain IS NOT NULL
               AND to_jsonb(NEW) - '{seq,chain}'::text[] = to_jsonb(OLD) - '{seq,chain}'::text[] THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    f"CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {TABLE}"
    " FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE}"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
    # What `tenants.roles.grant_schema` looks for: without the mark it would grant UPDATE and DELETE again.
    f"COMMENT ON TABLE {TABLE} IS 'append-only'",
]
# Default privileges have just given the application more; `tenants.roles.grant_schema` repeats this later.
GRANTS = f"""
    DO $$
    DECLARE grantee regrole;
    BEGIN
        FOR grantee IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = '{TABLE}'::regclass AND a.grantee NOT IN (c.relowner, 0)
        LOOP
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON {TABLE} FROM %s', grantee);
        END LOOP;
    END $$
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('event_id', models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('retailer_id', models.BigIntegerField(null=True)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=80)),
                ('actor_kind', models.CharField(max_length=20)),
                ('actor_id', models.CharField(max_length=80)),
                ('actor_text', models.TextField()),
                ('actor_role', models.CharField(max_length=20)),
                ('auth_method', models.CharField(blank=True, max_length=30)),
                ('source_ip', models.CharField(blank=True, max_length=45)),
                ('request_id', models.CharField(blank=True, max_length=80)),
                ('object_type', models.CharField(max_length=60)),
                ('object_id', models.CharField(blank=True, max_length=200)),
                ('object_text', models.TextField(blank=True)),
                ('reason', models.TextField(blank=True)),
                ('outcome', models.CharField(choices=[('done', 'Done'), ('refused', 'Refused'), ('failed', 'Failed')], default='done', max_length=10)),
                ('before', models.TextField(null=True)),
                ('after', models.TextField(null=True)),
                ('canonical', models.BinaryField()),
                ('leaf', models.BinaryField(max_length=32)),
                ('seq', models.BigIntegerField(null=True)),
                ('chain', models.BinaryField(max_length=32, null=True)),
            ],
            options={
                'ordering': ['-event_id'],
                'indexes': [models.Index(fields=['retailer_id', 'event_id'], name='audit_log'), models.Index(fields=['object_type', 'object_id', 'event_id'], name='audit_object'), models.Index(condition=models.Q(('seq__isnull', True)), fields=['event_id'], name='audit_unsealed')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('seq__isnull', False)), fields=('retailer_id', 'seq'), name='audit_seq_once_a_log', nulls_distinct=False)],
            },
        ),
        migrations.RunSQL(ISOLATION, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION audit_append_only CASCADE"),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
