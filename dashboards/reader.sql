-- name: is_there
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)

-- name: make
SELECT format('CREATE ROLE %I', $1::text)

-- name: statements
-- Ten seconds are a hundred times what the slowest overview panel takes.
SELECT ARRAY[
    format('ALTER ROLE %I LOGIN PASSWORD %L CONNECTION LIMIT 20', $1::text, $2::text),
    format('ALTER ROLE %I SET statement_timeout = ''10s''', $1::text),
    format('ALTER ROLE %I SET default_transaction_read_only = on', $1::text),
    format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''30s''', $1::text),
    format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', $1::text),
    format('GRANT USAGE ON SCHEMA public, everyday TO %I', $1::text)
] || (SELECT array_agg(format('GRANT SELECT ON %I.%I TO %I', schema, name, $1::text))
      FROM unnest($3::text[], $4::text[]) AS readable (schema, name))
