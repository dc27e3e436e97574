"""All pages of the console: importing one puts it into the menu."""

from api.console import audit, duty, exercises, kpis, me, plans, review, rota, squads, supplies, warnings

__all__ = ["audit", "duty", "exercises", "kpis", "me", "plans", "review", "rota", "squads", "supplies", "warnings"]
