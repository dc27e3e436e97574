"""Health of the hub itself: what its database tells, and what its processes say with their heartbeats."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import Place, add_panels, begin_board, pick_rollup
from dashboards.panels import Panels
from dashboards.text import fill
from dashboards.words import Words
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


def hub_board(place: Place) -> dashboard.Dashboard:
    """Processes, rates, lags, what waits, sizes."""
    panels = Panels(place.language, place.console)
    board = begin_board(place, "hub", Words("枢纽运行", "Hub health"))
    pick_rollup(board)
    samples = " UNION ALL ".join(fill(_SQL.samples, kind=kind.name) for kind in KINDS.values())
    waiting = {
        "quarantine": (Words("隔离报文", "quarantined"), "orange"),
        "outbox": (Words("待发命令", "orders to send"), "orange"),
        "oldest_s": (Words("最久待发", "oldest order"), "red"),
    }
    own = {
        "behind_s": (Words("入库滞后", "readings waiting"), "orange"),
        "late_s": (Words("发送迟延", "messages late"), "orange"),
        "skew_s": (Words("时钟相差", "clocks apart"), "text"),
        "disk_free": (Words("磁盘剩余", "disk free"), "text"),
        "certificate_days": (Words("证书剩余天数", "days of the certificate"), "text"),
        "refused": (Words("拒绝登录", "logins refused"), "orange"),
    }
    connections = {"used": (Words("已用", "used"), "text"), "allowed": (Words("上限", "allowed"), "text")}
    median, p95 = Words("中位", "median"), Words("95 %", "95 %")
    add_panels(
        board,
        [
            panels.table(
                Words("进程", "processes"),
                _SQL.processes,
                ["process", "ready", "beat_s", "started_at"],
                width=10,
                height=5,
            ),
            panels.figures(Words("等待", "waiting"), _SQL.waiting, waiting, width=8, height=5),
            panels.figures(
                Words("数据库大小", "database size"),
                _SQL.database_size,
                {"bytes": (Words("大小", "size"), "text")},
                width=3,
                height=5,
            ),
            panels.figures(Words("连接", "connections"), _SQL.connections, connections, width=3, height=5),
            panels.figures(Words("自检", "what the hub measures of itself"), _SQL.self, own, width=24),
            panels.table(
                Words("枢纽自身的案件", "the hub's own troubles"),
                _SQL.troubles,
                ["incident_id", "grade", "title", "stage", "opened_at", "closed_at"],
                height=6,
            ),
            panels.series(
                Words("读数入库速率", "readings stored"),
                fill(_SQL.rates, samples=samples),
                unit="cps",
                names={kind.name: Words(kind.zh, kind.en) for kind in KINDS.values()},
            ),
            panels.series(
                Words("从到达到入库", "from arrival to commit"),
                fill(_SQL.intake, columns="max(lag_s) AS lag_s, sum(spent_s) / nullif(sum(batches), 0) AS commit_s"),
                unit="s",
                names={"lag_s": Words("最新一批", "latest batch"), "commit_s": Words("每批提交", "commit of a batch")},
            ),
            panels.series(
                Words("待取报文", "messages waiting in memory"),
                fill(_SQL.intake, columns="max(queue) AS queue"),
                names={"queue": Words("条数", "messages")},
            ),
            panels.series(
                Words("磁盘剩余", "disk free"),
                _SQL.vitals,
                unit="percentunit",
                names={"disk_free": Words("剩余", "free")},
            ),
            panels.series(
                Words("从读数到险情入库", "from the reading to the hazard's commit"),
                _SQL.lag,
                unit="s",
                names={"median_s": median, "p95_s": p95},
            ),
            panels.series(
                Words("命令送达（95 %）", "orders on their way (95 %)"),
                _SQL.order_lag,
                unit="s",
                names={"sent_s": Words("发出", "sent"), "received_s": Words("签收", "received")},
            ),
            panels.series(
                Words("隔离报文", "messages quarantined"),
                _SQL.quarantined,
                bars=True,
                names={"value": Words("每小时", "per hour")},
            ),
            panels.table(
                Words("隔离中", "held in quarantine"), _SQL.held, ["received_at", "topic", "reason", "size"], width=12
            ),
            panels.table(
                Words("待发命令", "orders to send"),
                _SQL.outbox,
                ["key", "recipient", "attempts", "next_attempt_at"],
                width=12,
            ),
            panels.table(Words("最大的表", "largest tables"), _SQL.tables, ["table", "size"]),
        ],
    )
    return board
