-- Plans (预案) with every revision, what each incident calls for by its plan, and tasks as the parts of that.

CREATE TABLE plan (
    plan_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hazard_type text NOT NULL,
    revision    integer NOT NULL CHECK (revision > 0),
    body        jsonb NOT NULL,
    source      text NOT NULL,
    note        text NOT NULL DEFAULT '', -- why it was changed: a drill's finding, say
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz, -- in force from then on, until a later revision is
    UNIQUE (hazard_type, revision),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (approved_by <> proposed_by)
);

CREATE TABLE response (
    incident_id   bigint PRIMARY KEY REFERENCES incident,
    plan_id       bigint REFERENCES plan, -- NULL: no plan is in force for its type
    grade         smallint NOT NULL CHECK (grade BETWEEN 1 AND 4), -- the plan was applied at this grade
    after_task    bigint NOT NULL DEFAULT 0, -- what was done up to the task of this number doesn't count any more
    report_kind   text CHECK (report_kind IN ('first', 'follow_up', 'final')), -- 初报、续报、终报: the next one that is due
    report_due_at timestamptz,
    report_clock_at timestamptz, -- when somebody is told next that it is due
    CHECK ((report_kind IS NULL) = (report_due_at IS NULL) AND (report_kind IS NULL) = (report_clock_at IS NULL))
);
CREATE INDEX response_report ON response (report_clock_at) WHERE report_clock_at IS NOT NULL;

CREATE TABLE response_role (
    incident_id    bigint NOT NULL REFERENCES response,
    role           text NOT NULL,
    skill          text NOT NULL,
    lead           boolean NOT NULL, -- its squad's report that all is done ends the response
    confined_space boolean NOT NULL, -- needs an entry permit and check-ins
    title_zh       text NOT NULL,
    title_en       text NOT NULL,
    PRIMARY KEY (incident_id, role)
);

CREATE TABLE situation_report (
    situation_report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id         bigint NOT NULL REFERENCES incident,
    kind                text NOT NULL CHECK (kind IN ('first', 'follow_up', 'final')),
    text                text NOT NULL,
    due_at              timestamptz, -- NULL: before any was asked for
    filed_at            timestamptz NOT NULL,
    actor               text NOT NULL
);
CREATE INDEX situation_report_of ON situation_report (incident_id, situation_report_id);
CREATE TRIGGER situation_report_append_only BEFORE UPDATE OR DELETE ON situation_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

DROP INDEX task_one_open;
ALTER TABLE task
    DROP CONSTRAINT task_status_check,
    ADD CHECK (status IN ('unassigned', 'ordered', 'accepted', 'en_route', 'on_scene', 'working', 'done', 'checked',
                          'failed', 'refused', 'cancelled')),
    ADD COLUMN open boolean NOT NULL GENERATED ALWAYS AS
        (status NOT IN ('done', 'checked', 'failed', 'refused', 'cancelled')) STORED,
    ADD COLUMN role text NOT NULL DEFAULT 'handle',
    ADD COLUMN lead boolean NOT NULL DEFAULT true,
    ADD COLUMN confined_space boolean NOT NULL DEFAULT false,
    ADD COLUMN limits jsonb NOT NULL DEFAULT '{}', -- of its steps, from the plan, in seconds
    ADD COLUMN unconfirmed_since timestamptz,      -- since when nobody has confirmed this role's order
    ADD COLUMN clock_at timestamptz,               -- when the next step of its escalation is due; all before were taken
    ADD COLUMN check_in_at timestamptz,            -- when the crew at dangerous work has to report again
    ADD COLUMN ended_for text,                     -- why the hub took the squad off: unconfirmed, preempted, off_duty …
    ADD COLUMN arrival_expected_at timestamptz;
UPDATE task SET clock_at = updated_at + interval '10 minutes', unconfirmed_since = created_at
WHERE status NOT IN ('done', 'refused', 'cancelled');
CREATE UNIQUE INDEX task_one_open ON task (incident_id, role) WHERE open;
CREATE INDEX task_open_of_squad ON task (squad_id) WHERE open;
CREATE INDEX task_clock ON task (clock_at) WHERE open;
