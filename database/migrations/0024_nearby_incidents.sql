-- Hazards look for incidents nearby; by time alone, a storm's thousands would all be looked at for each of them.
CREATE INDEX incident_near ON incident (family, latitude, longitude) WHERE closed_at IS NULL;
DROP INDEX incident_active;
