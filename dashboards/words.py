"""The two languages of the dashboards, and the words that more than one of them uses."""

from dataclasses import dataclass
from typing import Literal

from alerts.stages import STAGES_ZH
from dispatch.words import STATUS_ZH

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase in both languages."""

    zh: str
    en: str

    def of(self, language: Language) -> str:
        """The phrase in ``language``."""
        return self.zh if language == "zh" else self.en


HUB_WORDS = Words("枢纽", "hub")
GRADE_WORDS = {
    1: Words("红色 I", "red I"),
    2: Words("橙色 II", "orange II"),
    3: Words("黄色 III", "yellow III"),
    4: Words("蓝色 IV", "blue IV"),
}
STAGE_WORDS: dict[str, Words] = {stage: Words(zh, stage.replace("_", " ")) for stage, zh in STAGES_ZH.items()}
TASK_WORDS = {status: Words(zh, status.replace("_", " ")) for status, zh in STATUS_ZH.items()}
DRILL_WORDS = {
    "running": Words("进行中", "running"),
    "paused": Words("暂停", "paused"),
    "ended": Words("已结束", "ended"),
}
COVER_WORDS = {
    "closed": Words("闭合", "closed"),
    "open": Words("打开", "open"),
    "displaced": Words("移位", "displaced"),
    "missing": Words("丢失", "missing"),
}
COLUMN_WORDS = {
    "code": Words("编号", "code"),
    "name": Words("名称", "name"),
    "kind": Words("类型", "kind"),
    "grid": Words("网格", "grid"),
    "grade": Words("等级", "grade"),
    "peak_grade": Words("最高等级", "peak grade"),
    "title": Words("事由", "what"),
    "reason": Words("依据", "reason"),
    "stage": Words("阶段", "stage"),
    "squad": Words("队伍", "squad"),
    "status": Words("状态", "status"),
    "opened_at": Words("立案时间", "opened"),
    "closed_at": Words("结案时间", "closed"),
    "raised_at": Words("发生时间", "raised"),
    "cleared_at": Words("解除时间", "cleared"),
    "seen_at": Words("最近上报", "last seen"),
    "age_s": Words("已历时", "age"),
    "silent_s": Words("静默时长", "silent for"),
    "incident_id": Words("案件号", "incident"),
    "task_id": Words("任务号", "task"),
    "updated_at": Words("更新时间", "updated"),
    "acknowledged_by": Words("确认人", "acknowledged by"),
    "skills": Words("技能", "skills"),
    "phone": Words("电话", "phone"),
    "tasks": Words("任务数", "tasks"),
    "done": Words("完成数", "done"),
    "refused": Words("拒绝数", "refused"),
    "accept_s": Words("接受用时", "to accept"),
    "scene_s": Words("到场用时", "to the scene"),
    "done_s": Words("完成用时", "to done"),
    "process": Words("进程", "process"),
    "ready": Words("就绪", "ready"),
    "beat_s": Words("心跳距今", "last beat"),
    "started_at": Words("启动时间", "started"),
    "topic": Words("主题", "topic"),
    "received_at": Words("收到时间", "received"),
    "size": Words("大小", "size"),
    "table": Words("表", "table"),
    "key": Words("标识", "key"),
    "attempts": Words("尝试次数", "attempts"),
    "next_attempt_at": Words("下次发送", "next attempt"),
    "recipient": Words("接收方", "recipient"),
    "rule": Words("规则", "rule"),
    "revision": Words("版本", "revision"),
    "source": Words("来源", "source"),
    "effective_from": Words("生效时间", "in force since"),
    "severity": Words("等级", "grade"),
    "time": Words("时间", "time"),
    "event": Words("事件", "event"),
    "actor": Words("执行者", "actor"),
    "detail": Words("说明", "detail"),
    "responsible": Words("网格责任人", "responsible person"),
    "owner": Words("权属单位", "owner"),
    "limits": Words("限值", "limits"),
    "exercise_no": Words("编号", "no."),
    "drill": Words("脚本", "script"),
    "score": Words("得分", "score"),
    "met": Words("达成", "met"),
    "missed": Words("未达成", "missed"),
    "ended_at": Words("结束时间", "ended"),
    "outcome": Words("结果", "outcome"),
    "happened": Words("发生", "happened"),
    "step": Words("步骤", "step"),
    "limit_s": Words("限时", "limit"),
    "cases": Words("案件数", "cases"),
    "in_time": Words("按时", "in time"),
    "slowest_s": Words("最慢", "slowest"),
    "proposal": Words("建议", "proposal"),
}
