"""PostgreSQL, and no noun of the domain: pool, named queries, migrations, TimescaleDB or plain."""
