DROP INDEX "account_flags_one_campaign";--> statement-breakpoint
DROP INDEX "accounts_created";--> statement-breakpoint
DROP INDEX "audit_entries_at";--> statement-breakpoint
DROP INDEX "audit_entries_by";--> statement-breakpoint
DROP INDEX "audit_entries_subject";--> statement-breakpoint
DROP INDEX "account_flags_one_open";--> statement-breakpoint
DROP INDEX "account_flags_account";--> statement-breakpoint
DROP INDEX "account_flags_account_reason";--> statement-breakpoint
DROP INDEX "account_flags_queue_severity";--> statement-breakpoint
DROP INDEX "account_flags_claimed";--> statement-breakpoint
DROP INDEX "flag_actions_flag";--> statement-breakpoint
DROP INDEX "flag_events_time";--> statement-breakpoint
DROP INDEX "security_events_account";--> statement-breakpoint
DROP INDEX "security_events_account_kind";--> statement-breakpoint
DROP INDEX "security_events_network";--> statement-breakpoint
ALTER TABLE "account_flags" ADD COLUMN "account_flagged_since" timestamp (3) with time zone NOT NULL;--> statement-breakpoint
ALTER TABLE "account_flags" ADD COLUMN "reason_flagged_since" timestamp (3) with time zone NOT NULL;--> statement-breakpoint
ALTER TABLE "support_requests" ADD COLUMN "account_epoch" integer;--> statement-breakpoint
CREATE INDEX "accounts_locked" ON "accounts" USING btree ("created_at","id") WHERE locked_at is not null;--> statement-breakpoint
CREATE INDEX "accounts_reset_required" ON "accounts" USING btree ("created_at","id") WHERE password_reset_required;--> statement-breakpoint
CREATE INDEX "accounts_closed_created" ON "accounts" USING btree ("created_at","id") WHERE closed_at is not null;--> statement-breakpoint
CREATE INDEX "accounts_closed_email" ON "accounts" USING btree ("email_key") WHERE closed_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "account_flags_one_source" ON "account_flags" USING btree ("network","reason") WHERE status <> 'RESOLVED' and network is not null;--> statement-breakpoint
CREATE INDEX "account_flags_source" ON "account_flags" USING btree ("network","reason","resolved_at") WHERE network is not null;--> statement-breakpoint
CREATE INDEX "account_flags_reason_severity" ON "account_flags" USING btree ("reason",(- severity),"flagged_at","account_id") WHERE status <> 'RESOLVED';--> statement-breakpoint
CREATE INDEX "account_flags_reason_time" ON "account_flags" USING btree ("reason","flagged_at","account_id") WHERE status <> 'RESOLVED';--> statement-breakpoint
CREATE INDEX "account_flags_history_time" ON "account_flags" USING btree ("flagged_at","account_id");--> statement-breakpoint
CREATE INDEX "account_flags_history_reason_time" ON "account_flags" USING btree ("reason","flagged_at","account_id");--> statement-breakpoint
CREATE INDEX "account_flags_history_reason_severity" ON "account_flags" USING btree ("reason",(- severity),"reason_flagged_since","account_id");--> statement-breakpoint
CREATE INDEX "unjudged_events_time" ON "unjudged_events" USING btree ("occurred_at","event_id");--> statement-breakpoint
CREATE INDEX "accounts_created" ON "accounts" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_at" ON "audit_entries" USING btree ("at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_by" ON "audit_entries" USING btree ("by_account_id","at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_subject" ON "audit_entries" USING btree ("subject_account_id","at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "account_flags_one_open" ON "account_flags" USING btree ("account_id","reason") WHERE status <> 'RESOLVED' and network is null;--> statement-breakpoint
CREATE INDEX "account_flags_account" ON "account_flags" USING btree ("account_id","flagged_at","id");--> statement-breakpoint
CREATE INDEX "account_flags_account_reason" ON "account_flags" USING btree ("account_id","reason","resolved_at");--> statement-breakpoint
CREATE INDEX "account_flags_queue_severity" ON "account_flags" USING btree ((- severity),"account_flagged_since","account_id") WHERE status <> 'RESOLVED';--> statement-breakpoint
CREATE INDEX "account_flags_claimed" ON "account_flags" USING btree ("claimed_by","flagged_at","account_id") WHERE status = 'CLAIMED';--> statement-breakpoint
CREATE INDEX "flag_actions_flag" ON "flag_actions" USING btree ("flag_id","at","id");--> statement-breakpoint
CREATE INDEX "flag_events_time" ON "flag_events" USING btree ("flag_id","occurred_at","event_id");--> statement-breakpoint
CREATE INDEX "security_events_account" ON "security_events" USING btree ("account_id","occurred_at","id");--> statement-breakpoint
CREATE INDEX "security_events_account_kind" ON "security_events" USING btree ("account_id","kind","occurred_at");--> statement-breakpoint
CREATE INDEX "security_events_network" ON "security_events" USING btree ("network","kind","occurred_at");
--> statement-breakpoint
-- From here on by hand: what the table builder cannot say.
-- Drops the months of events that lie wholly before an instant. Runs as its owner, as the function that makes them does.
CREATE FUNCTION "drop_security_events_before"("before" timestamptz) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  partition_name text;
  dropped integer := 0;
BEGIN
  FOR partition_name IN
    SELECT child.relname FROM pg_inherits
    JOIN pg_class child ON child.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = 'security_events'::regclass AND child.relname ~ '^security_events_\d{4}_\d{2}$'
      AND to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month' <= "before"
  LOOP
    EXECUTE format('DROP TABLE %I', partition_name);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM "security_events_default" WHERE "occurred_at" < "before";
  RETURN dropped;
END
$$;
--> statement-breakpoint
-- What the service's own role may do, where it is not the owner (MIGRATE_DATABASE_URL): everything with rows, except that
-- the audit is only read and added to (R-119). To be run by the owner: SELECT grant_service_role('name').
CREATE FUNCTION "grant_service_role"("role" name) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', "role");
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', "role");
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', "role");
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', "role");
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO %I', "role");
  EXECUTE format('REVOKE UPDATE, DELETE ON "audit_entries" FROM %I', "role");
END
$$;
