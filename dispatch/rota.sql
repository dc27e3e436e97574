-- name: known
SELECT squad_id AS name, 'squad' AS sort FROM squad UNION ALL SELECT contact_id, 'contact' FROM contact

-- name: save
INSERT INTO shift (uid, squad_id, contact_id, starts_at, ends_at, kind, substitute, note)
SELECT uid, CASE WHEN sort = 'squad' THEN who END, CASE WHEN sort = 'contact' THEN who END, starts_at, ends_at, kind,
       substitute, note
FROM jsonb_to_recordset($1) AS given (uid text, who text, sort text, starts_at timestamptz, ends_at timestamptz,
     kind text, substitute text, note text)
ON CONFLICT (uid) DO UPDATE SET squad_id = excluded.squad_id, contact_id = excluded.contact_id,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, kind = excluded.kind,
    substitute = excluded.substitute, note = excluded.note

-- name: drop
-- One that was handed over has been served, and stays.
DELETE FROM shift WHERE uid = ANY ($1::text[]) AND handed_over_at IS NULL

-- name: between
SELECT uid, coalesce(squad_id, contact_id) AS who, starts_at, ends_at, kind, substitute, note
FROM shift WHERE starts_at < $2 AND ends_at > $1 ORDER BY starts_at, uid

-- name: hand_over
UPDATE shift SET handed_over_at = $2, handed_over_note = $3, handed_over_by = $4
WHERE uid = $1 AND handed_over_at IS NULL RETURNING shift_id

-- name: remove
DELETE FROM shift WHERE uid = $1 RETURNING uid
