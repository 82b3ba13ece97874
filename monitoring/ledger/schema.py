"""The ledger's DDL. Kept out of the migration so that tests can compare it with the models.

Partition bounds are ids: the first UUIDv7 of a period. `ledger_ensure_partitions` runs with its owner's rights,
because the app role may not create tables; it can make the next partitions and nothing else.
"""

from __future__ import annotations

PARTITIONED = {
    "ledger_message": """
        id uuid PRIMARY KEY, position bigint NOT NULL, retailer_id bigint NOT NULL,
        connection_id bigint NOT NULL, connection_key text NOT NULL, connector text NOT NULL,
        door text NOT NULL, topic text NOT NULL, event_id text NOT NULL,
        object_type text NOT NULL, object_id text NOT NULL, source_version text NOT NULL, order_key text NOT NULL,
        api_version text NOT NULL, received_at timestamptz NOT NULL, occurred_at timestamptz,
        body_hash bytea NOT NULL, size integer NOT NULL, masked integer NOT NULL DEFAULT 0,
        trace_id text NOT NULL, cause_id uuid,
        disposition text NOT NULL DEFAULT '', rule text NOT NULL DEFAULT ''""",
    "ledger_payload": """
        id uuid PRIMARY KEY, retailer_id bigint NOT NULL, format smallint NOT NULL, key_id text NOT NULL DEFAULT '',
        body bytea NOT NULL""",
    "ledger_repeat": """
        id uuid PRIMARY KEY, message_id uuid NOT NULL, retailer_id bigint NOT NULL, connection_id bigint NOT NULL,
        connection_key text NOT NULL, topic text NOT NULL, event_id text NOT NULL,
        received_at timestamptz NOT NULL, same_body boolean NOT NULL""",
    "ledger_delivery": """
        id uuid PRIMARY KEY, message_id uuid NOT NULL, retailer_id bigint NOT NULL,
        flow_id bigint NOT NULL, flow_key text NOT NULL, connection_id bigint NOT NULL, connection_key text NOT NULL,
        operation text NOT NULL, object_type text NOT NULL, object_id text NOT NULL, source_version text NOT NULL,
        lane_key text NOT NULL, kind text NOT NULL, state text NOT NULL, idempotency_key uuid NOT NULL,
        reference text NOT NULL, attempts integer NOT NULL DEFAULT 0, due_at timestamptz,
        map_version text NOT NULL DEFAULT '', document_id text NOT NULL DEFAULT '',
        document_type text NOT NULL DEFAULT '', effect text NOT NULL DEFAULT '',
        ran_at timestamptz, accepted_at timestamptz, confirmed_at timestamptz, rule text NOT NULL DEFAULT '',
        error_class text NOT NULL DEFAULT '', error_message text NOT NULL DEFAULT '', trace_id text NOT NULL,
        received_at timestamptz NOT NULL, created_at timestamptz NOT NULL, finished_at timestamptz""",
    "ledger_attempt": """
        id uuid PRIMARY KEY, delivery_id uuid NOT NULL, message_id uuid NOT NULL, retailer_id bigint NOT NULL,
        flow_key text NOT NULL, connection_key text NOT NULL, operation text NOT NULL, number integer NOT NULL,
        trigger text NOT NULL, started_at timestamptz NOT NULL, duration_us bigint NOT NULL,
        transform_us bigint NOT NULL, target_us bigint NOT NULL, outcome text NOT NULL,
        error_class text NOT NULL DEFAULT '', error_message text NOT NULL DEFAULT '',
        error_detail text NOT NULL DEFAULT '', version_requested text NOT NULL DEFAULT '',
        version_served text NOT NULL DEFAULT '', worker text NOT NULL DEFAULT ''""",
    "ledger_step": """
        id uuid PRIMARY KEY, attempt_id uuid NOT NULL, retailer_id bigint NOT NULL, number integer NOT NULL,
        name text NOT NULL, changes boolean NOT NULL, method text NOT NULL, target text NOT NULL, status integer,
        started_at timestamptz NOT NULL, duration_us bigint NOT NULL, version_requested text NOT NULL DEFAULT '',
        version_served text NOT NULL DEFAULT '', request_id uuid, response_id uuid, error text NOT NULL DEFAULT ''""",
    "ledger_fact": """
        message_id uuid PRIMARY KEY, retailer_id bigint NOT NULL, object_type text NOT NULL, number text NOT NULL,
        value numeric(24, 6), currency text NOT NULL DEFAULT '', units numeric(24, 6),
        store_key text NOT NULL DEFAULT '', channel text NOT NULL DEFAULT '', counterparty bytea,
        occurred_at timestamptz""",
}

# Not partitioned by date: these outlive the payloads and facts they point at.
PLAIN = {
    "ledger_businesskey": """
        id uuid NOT NULL, retailer_id bigint NOT NULL, type text NOT NULL, value text NOT NULL,
        message_id uuid NOT NULL, PRIMARY KEY (type, value, message_id)""",
    "ledger_eventkey": """
        key bytea PRIMARY KEY, retailer_id bigint NOT NULL, message_id uuid NOT NULL, body_hash bytea NOT NULL,
        created_at timestamptz NOT NULL""",
    "ledger_objectversion": """
        key bytea PRIMARY KEY, retailer_id bigint NOT NULL, version text NOT NULL, message_id uuid NOT NULL,
        body_hash bytea NOT NULL""",
}

INDEXES = [
    "CREATE INDEX ledger_message_by_retailer ON ledger_message (retailer_id, id DESC)",
    "CREATE INDEX ledger_message_by_position ON ledger_message (position)",
    "CREATE INDEX ledger_delivery_by_message ON ledger_delivery (message_id)",
    # Nearly everything is delivered; what is not is what people look for.
    "CREATE INDEX ledger_delivery_unsettled ON ledger_delivery (state, message_id) WHERE state <> 'delivered'",
    "CREATE INDEX ledger_message_disposed ON ledger_message (disposition, id DESC) WHERE disposition <> ''",
    "CREATE INDEX ledger_attempt_by_message ON ledger_attempt (message_id)",
    "CREATE INDEX ledger_step_by_attempt ON ledger_step (attempt_id)",
    "CREATE INDEX ledger_repeat_by_message ON ledger_repeat (message_id)",
    "CREATE INDEX ledger_businesskey_by_value ON ledger_businesskey (value)",
    "CREATE INDEX ledger_businesskey_by_message ON ledger_businesskey (message_id)",
]


def create_tables() -> list[str]:
    statements = [f"CREATE TABLE {name} ({body}\n) PARTITION BY RANGE (id)" for name, body in PARTITIONED.items()]
    statements = [s.replace("RANGE (id)", "RANGE (message_id)") if "ledger_fact" in s else s for s in statements]
    statements += [f"CREATE TABLE {name} ({body}\n)" for name, body in PLAIN.items()]
    return [*statements, *INDEXES]


def partition_functions() -> list[str]:
    """`ledger_ensure_partitions(since, months)`: monthly partitions of every ledger table, where missing.

    Parents are locked SHARE UPDATE EXCLUSIVE at most, so traffic goes on; after 1.5 s of waiting for a lock nothing
    was made and the caller comes again.

    Payload bodies are stored uncompressed outside the row unless the server offers lz4.
    """
    tables = ", ".join(f"'{name}'" for name in PARTITIONED)
    return [
        """
        CREATE OR REPLACE FUNCTION ledger_first_id(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
            SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        $$""",
        f"""
        CREATE OR REPLACE FUNCTION ledger_ensure_partitions(since timestamptz, months integer) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '1500ms' AS $$
        DECLARE
            parent text;
            part text;
            keyed text;
            first timestamp;
            low uuid;
            high uuid;
            reader text;
            made integer := 0;
        BEGIN
            IF months NOT BETWEEN 1 AND 36 THEN RAISE EXCEPTION 'months must be 1 to 36'; END IF;
            PERFORM pg_advisory_xact_lock(hashtext('signalbox partitions'), hashtext(current_schema()));
            FOREACH parent IN ARRAY ARRAY[{tables}] LOOP
                keyed := CASE parent WHEN 'ledger_fact' THEN 'message_id' ELSE 'id' END;
                FOR i IN 0 .. months - 1 LOOP
                    first := date_trunc('month', since AT TIME ZONE 'UTC') + make_interval(months => i);
                    part := parent || to_char(first, '"_"YYYYMM');
                    CONTINUE WHEN to_regclass(part) IS NOT NULL;
                    low := ledger_first_id(first AT TIME ZONE 'UTC');
                    high := ledger_first_id((first + interval '1 month') AT TIME ZONE 'UTC');
                    -- PARTITION OF would lock the parent against everybody; attaching what stands by itself does not.
                    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL, CONSTRAINT within_bounds
                        CHECK (%I >= %L AND %I < %L))', part, parent, keyed, low, keyed, high);
                    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                        parent, part, low, high);
                    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT within_bounds', part);
                    -- Policies are the parent's: nobody may read a partition past them.
                    FOR reader IN SELECT DISTINCT a.grantee::regrole::text FROM pg_class c, aclexplode(c.relacl) a
                        WHERE c.oid = part::regclass AND a.grantee <> c.relowner LOOP
                        EXECUTE format('REVOKE ALL ON %I FROM %s', part, reader);
                    END LOOP;
                    IF parent = 'ledger_payload' THEN PERFORM ledger_payload_storage(part); END IF;
                    made := made + 1;
                END LOOP;
            END LOOP;
            RETURN made;
        END $$""",
        """
        CREATE OR REPLACE FUNCTION ledger_payload_storage(part text) RETURNS void
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN body SET COMPRESSION lz4', part);
        EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN body SET STORAGE EXTERNAL', part);
        END $$""",
        "REVOKE ALL ON FUNCTION ledger_payload_storage(text) FROM PUBLIC",
    ]
