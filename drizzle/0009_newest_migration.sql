-- What /readyz asks: the newest migration that was applied, in milliseconds. As its owner, since the service's own role has
-- no way into the migrator's schema, nor gets one by this; no name in it can be taken by another's. Granted, since an owner may
-- have taken from everyone what everyone has by default.
CREATE FUNCTION "newest_migration"() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT max(created_at) FROM drizzle.__drizzle_migrations
$$;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "newest_migration"() TO PUBLIC;
