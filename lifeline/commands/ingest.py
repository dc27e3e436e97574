"""``lifeline ingest``: take readings in and judge them."""

from collections.abc import Sequence

import asyncpg
import structlog
import typer

from alerts.service import IngestService, build_service, topic_filters
from ingest.decoder import Decoder
from ingest.profile import load_profiles
from ingest.session import Session
from lifeline.garbage import collect_seldom
from lifeline.settings import Settings, load_settings
from lifeline.wiring import Work, main

app = typer.Typer()
# What may be on its way at once; a commit takes all that came during the one before, so this also bounds its size.
_RECEIVE_MAX = 10_000


@app.command()
def ingest() -> None:
    """Take readings in and judge them, until SIGTERM."""
    collect_seldom()
    main("ingest", load_settings(), build)


async def build(settings: Settings, pool: asyncpg.Pool) -> Work:
    """Session, registry, engine and pipeline."""
    prefix = settings.topic_prefix
    profiles = load_profiles(*settings.profile_folders)
    decoder = Decoder(settings.format_names, profiles, prefix, ingress_prefix=settings.ingress_prefix)
    session = Session(
        settings.broker,
        client_id=f"{settings.client_id}-ingest",
        topic_filters=_carried(topic_filters(prefix, decoder), settings),
        receive_max=_RECEIVE_MAX,
    )
    service = await build_service(
        pool,
        session,
        decoder,
        prefix=prefix,
        unknown_sensor=settings.unknown_sensor,
        keep_days=settings.keep_readings_days,
    )
    stats = {"session": session.stats, "ingest": service.pipeline.stats, "alerts": service.engine.stats}
    return Work(service.run, lambda: service.ready, session.close, stats, lambda: _figures(service))


def _figures(service: IngestService) -> dict[str, float]:
    """What the heartbeat tells: counts since the start, the queue in memory, how late readings are."""
    counts = service.pipeline.stats
    return {
        "readings": counts.readings,
        "batches": counts.batches,
        "commit_s": round(counts.commit_s, 3),
        "quarantined": counts.quarantined,
        "queue": service.session.waiting,
        "lag_s": round(counts.lag_s, 3),
        "behind_s": round(service.pipeline.behind_s, 3),
    }


def _carried(filters: Sequence[str], settings: Settings) -> Sequence[str]:
    """Those filters that the broker takes: MQTT leaves topics that begin with $ to the broker's own discretion."""
    if settings.broker_dollar_topics:
        return filters
    left_out = [pattern for pattern in filters if pattern.startswith("$")]
    if left_out:
        structlog.get_logger().warning("topics_not_carried_by_broker", topics=left_out)
    return [pattern for pattern in filters if pattern not in left_out]
