-- name: open
INSERT INTO plan_finding (hazard_type, drill, held_at, heading, text_zh, text_en, proposal_zh, proposal_en, opened_by,
                          opened_at)
SELECT hazard_type, $2, $3, heading, zh, en, proposal_zh, proposal_en, $4, $5
FROM jsonb_to_recordset($1) AS finding (hazard_types text[], heading text, zh text, en text, proposal_zh text,
     proposal_en text), unnest(hazard_types) AS hazard_type
ON CONFLICT DO NOTHING RETURNING plan_finding_id

-- name: listed
SELECT plan_finding_id, hazard_type, drill, held_at, heading, text_zh, text_en, proposal_zh, proposal_en, opened_by,
       opened_at, revision, closed_by, closed_at, closed_note
FROM plan_finding WHERE closed_at IS NULL OR $1 ORDER BY plan_finding_id

-- name: find
SELECT plan_finding_id, hazard_type, closed_at FROM plan_finding WHERE plan_finding_id = ANY ($1::bigint[]) FOR UPDATE

-- name: answer
UPDATE plan_finding SET revision = given.revision
FROM jsonb_to_recordset($2) AS given (hazard_type text, revision integer)
WHERE plan_finding_id = ANY ($1::bigint[]) AND plan_finding.hazard_type = given.hazard_type

-- name: close_answered
UPDATE plan_finding SET closed_by = $3, closed_at = $4, closed_note = 'revision in force'
WHERE hazard_type = $1 AND revision = $2 AND closed_at IS NULL RETURNING plan_finding_id

-- name: dismiss
UPDATE plan_finding SET closed_by = $2, closed_at = $3, closed_note = $4
WHERE plan_finding_id = $1 AND closed_at IS NULL RETURNING plan_finding_id
