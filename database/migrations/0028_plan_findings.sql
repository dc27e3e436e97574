-- What drills found wanting in plans: open until a revision that answers it is in force, or somebody says why not.

CREATE TABLE plan_finding (
    plan_finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hazard_type text NOT NULL,
    drill       text NOT NULL,
    held_at     timestamptz NOT NULL,
    heading     text NOT NULL CHECK (heading IN ('execution', 'practicability', 'command', 'people', 'equipment')),
    text_zh     text NOT NULL,
    text_en     text NOT NULL,
    proposal_zh text NOT NULL,
    proposal_en text NOT NULL,
    opened_by   text NOT NULL,
    opened_at   timestamptz NOT NULL,
    revision    integer,              -- of the plan, that answers it: proposed, or in force once it is closed
    closed_by   text,
    closed_at   timestamptz,
    closed_note text NOT NULL DEFAULT '',
    FOREIGN KEY (hazard_type, revision) REFERENCES plan (hazard_type, revision),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL)),
    UNIQUE (hazard_type, drill, held_at, text_en) -- a report that is opened twice opens nothing twice
);
CREATE INDEX plan_finding_open ON plan_finding (hazard_type) WHERE closed_at IS NULL;
CALL audit_table('plan_finding');
