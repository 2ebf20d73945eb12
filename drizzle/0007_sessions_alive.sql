DROP INDEX "sessions_account";--> statement-breakpoint
CREATE INDEX "sessions_alive" ON "sessions" USING btree ("account_id","last_used_at") WHERE revoked_at is null;--> statement-breakpoint
CREATE INDEX "sessions_account" ON "sessions" USING btree ("account_id");