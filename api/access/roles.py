"""Who may do what: one table of roles and routes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

Role = Literal["viewer", "officer", "approver", "leader", "squad", "administrator", "device"]
ROLES: tuple[Role, ...] = get_args(Role)

KeyRole = Literal["viewer", "officer", "administrator", "device"]
"""What a key may be. Approving takes a person, and a squad's member answers for what they report."""

AccountRole = Literal["viewer", "officer", "approver", "leader", "squad", "administrator"]
"""What a person may be."""

_READ: frozenset[Role] = frozenset({"viewer", "officer", "approver", "leader", "administrator"})
_PEOPLE: frozenset[Role] = _READ | {"squad"}
ACT: frozenset[Role] = frozenset({"officer", "leader"})
REPORT: frozenset[Role] = ACT | {"squad"}
_APPROVE: frozenset[Role] = frozenset({"approver", "leader"})
_ADMINISTER: frozenset[Role] = frozenset({"administrator"})
_REGISTER: frozenset[Role] = frozenset({"administrator", "officer"})
_ROSTER: frozenset[Role] = _REGISTER | {"leader"}
_DEVICE: frozenset[Role] = frozenset({"device"})

_ROUTES: tuple[tuple[frozenset[Role], str], ...] = (
    (_PEOPLE, "list_kinds list_tasks show_task show_site_record show_site_photo follow_stream"),
    (REPORT, "act_on_task"),
    (_PEOPLE, "show_me change_password log_out log_out_everywhere list_own_sessions end_own_session"),
    (_READ, "show_board show_map show_grounds"),
    (_READ, "list_sensors show_sensor export_sensors list_readings list_latest export_readings"),
    (_READ, "list_hazards show_hazard list_incidents show_incident list_squads"),
    (_READ, "list_notifications list_quarantine show_quarantined list_warnings show_warning"),
    (ACT, "acknowledge_hazard acknowledge_notification retry_notification drop_quarantined replay_quarantined"),
    (ACT, "draft_warning edit_warning discard_warning release_warning update_warning"),
    (_APPROVE, "approve_warning cancel_warning"),
    (_READ, "list_incident_reports show_clocks list_overdue"),
    (ACT, "report_incident act_on_incident decide_on_incident appeal_overtime"),
    (ACT, "acknowledge_incident comment_incident merge_incident split_incident set_event_level"),
    (_APPROVE, "decide_appeal"),
    (_READ, "show_standing list_recurrence show_trend list_exercises show_exercise list_drills"),
    (ACT, "comment_hazard check_hazard call_false_alarm clear_hazard"),
    (_READ, "list_rules list_rule_revisions list_silences"),
    (ACT | _APPROVE, "diff_rules backtest_rules"),
    (ACT, "propose_rules add_silence end_silence"),
    (_APPROVE, "approve_rule reject_rule"),
    (_REGISTER, "put_sensor retire_sensor import_sensors"),
    (_PEOPLE, "show_squad list_task_permits"),
    (REPORT, "take_squad_out put_squad_back place_squad ask_permit"),
    (_READ, "list_candidates list_shifts show_shift export_rota list_plans list_plan_revisions show_plan_revision"),
    (_READ, "list_stores show_store list_stock list_stock_movements list_shelters show_shelter"),
    (_READ, "list_contacts show_contact list_grids show_grid export_grids list_permits"),
    (_READ, "list_work_orders show_work_order show_kpis show_review show_review_page show_response"),
    (_READ, "list_situation_reports"),
    (_REGISTER, "put_squad remove_squad put_store put_stock put_shelter put_contact remove_contact put_grid"),
    (_ROSTER, "put_shift remove_shift import_rota"),
    (ACT, "reassign_task hand_over_shift propose_plans move_stock reserve_material set_shelter_state"),
    (ACT, "file_situation_report pause_exercise resume_exercise end_exercise start_drill"),
    (ACT | _APPROVE, "diff_plans"),
    (_APPROVE, "approve_plan reject_plan"),
    (_ADMINISTER, "list_users add_user show_user change_user reset_password log_user_out list_user_sessions"),
    (_ADMINISTER, "list_keys make_key end_key list_audit export_audit"),
    (_ADMINISTER, "list_webhooks add_webhook show_webhook change_webhook remove_webhook"),
    (_DEVICE, "push take_alarms"),
)

PERMISSIONS: Mapping[str, frozenset[Role]] = MappingProxyType(
    {route: roles for roles, routes in _ROUTES for route in routes.split()}
)
"""Name of each route that asks who calls, and the roles that may use it. A route without an entry can't be made."""
