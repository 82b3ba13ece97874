"""SQL expressions: the equation's class of an arrival. Each looks at the row of the query around it."""

from __future__ import annotations

from typing import Final

# Of a message with its deliveries' states, and of a repeat.
MESSAGE_CLASS: Final = """
CASE
    WHEN disposition = 'unreadable' THEN CASE WHEN EXISTS (
        SELECT FROM exceptions_exceptionitem e WHERE e.message_id = ended.message_id
            AND e.state IN ('open', 'retrying')
    ) THEN 'open' ELSE 'closed' END
    WHEN disposition <> '' THEN disposition
    WHEN 'exception' = ANY (states) THEN 'open'
    WHEN cardinality(states) = 0 OR states && ARRAY['waiting', 'retrying'] THEN 'waiting'
    WHEN 'delivered' = ANY (states) THEN 'delivered'
    WHEN 'superseded' = ANY (states) THEN 'superseded'
    ELSE 'closed' END
"""
REPEAT_CLASS: Final = """
CASE WHEN same_body THEN 'deduplicated' WHEN EXISTS (
    SELECT FROM exceptions_exceptionitem e WHERE e.message_id = repeats.message_id
        AND e.error_class = 'security' AND e.state IN ('open', 'retrying')
) THEN 'open' ELSE 'closed' END
"""
