"""What a panel asks of the database: a query of Grafana's PostgreSQL data source."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

DATASOURCE = DataSourceRef(type_val="grafana-postgresql-datasource", uid="lifeline")
"""The data source that `deploy/grafana/provisioning/datasources/lifeline.yaml` sets up."""


class PostgresQuery(Dataquery):
    """Query ``ref_id`` of a panel; ``series`` says that its rows are points in time instead of a table."""

    def __init__(self, sql: str, ref_id: str, *, series: bool) -> None:
        self.sql = sql
        self.ref_id = ref_id
        self.series = series

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        return {
            "refId": self.ref_id,
            "datasource": DATASOURCE,
            "rawSql": self.sql,
            "rawQuery": True,
            "editorMode": "code",
            "format": "time_series" if self.series else "table",
        }


class Query(Builder[PostgresQuery]):
    """Builds a query; the SDK wants builders, not what they build."""

    def __init__(self, sql: str, ref_id: str = "A", *, series: bool) -> None:
        self._query = PostgresQuery(sql, ref_id, series=series)

    def build(self) -> PostgresQuery:
        """The query."""
        return self._query
