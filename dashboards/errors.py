"""The error base of the dashboards."""


class DashboardError(Exception):
    """A dashboard can't be made, or Grafana can't be told; the message says what to do."""
