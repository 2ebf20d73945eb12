CREATE TABLE "account_snapshots" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"taken_at" timestamp (3) with time zone NOT NULL,
	"sealed" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text,
	"email_key" text,
	"display_name" text,
	"role" text,
	"credential_epoch" integer DEFAULT 1 NOT NULL,
	"sessions_valid_after" timestamp (3) with time zone NOT NULL,
	"password_reset_required" boolean DEFAULT false NOT NULL,
	"notification_channel" text DEFAULT 'EMAIL' NOT NULL,
	"locked_at" timestamp (3) with time zone,
	"lock_reason" text,
	"lock_note" text,
	"locked_by" text,
	"lock_expires_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone,
	"erased_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_sign_in_at" timestamp (3) with time zone,
	CONSTRAINT "accounts_role" CHECK ("accounts"."role" in ('support', 'reviewer', 'admin')),
	CONSTRAINT "accounts_channel" CHECK ("accounts"."notification_channel" in ('EMAIL', 'SMS')),
	CONSTRAINT "accounts_lock" CHECK (("accounts"."locked_at" is null) = ("accounts"."lock_reason" is null)),
	CONSTRAINT "accounts_open_has_email" CHECK ("accounts"."closed_at" is not null or "accounts"."email_key" is not null)
);
--> statement-breakpoint
CREATE TABLE "disown_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"account_id" text NOT NULL,
	"event_id" text NOT NULL,
	"event_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "email_changes" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text,
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"new_email" text NOT NULL,
	"new_email_key" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "phone_numbers" (
	"account_id" text PRIMARY KEY NOT NULL,
	"number" text NOT NULL,
	"number_key" text NOT NULL,
	"verified_at" timestamp (3) with time zone,
	"recovery_from" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "phone_verifications" (
	"account_id" text PRIMARY KEY NOT NULL,
	"epoch" integer NOT NULL,
	"number" text NOT NULL,
	"number_key" text NOT NULL,
	"code_mac" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_up_links" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"email" text NOT NULL,
	"email_key" text NOT NULL,
	"role" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"sequence" bigint PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"action" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"by_account_id" text,
	"by_service" text,
	"subject_account_id" text,
	"note" text,
	"request_id" text NOT NULL,
	"details" jsonb,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "attempt_counters" (
	"key" text PRIMARY KEY NOT NULL,
	"window_started_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer NOT NULL,
	"consecutive" integer NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rate_hits" (
	"key" text PRIMARY KEY NOT NULL,
	"hits" bigint[] NOT NULL,
	"count_before" integer DEFAULT 0 NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "test_clock" (
	"offset_seconds" double precision DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"message" text NOT NULL,
	"payload" jsonb NOT NULL,
	"priority" smallint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"available_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"locked_until" timestamp (3) with time zone,
	"composed" text,
	"sent_parts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"done_at" timestamp (3) with time zone,
	"dead_at" timestamp (3) with time zone,
	"account_id" text
);
--> statement-breakpoint
CREATE TABLE "sent_messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sent_messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"purpose" text NOT NULL,
	"recipient_key" text NOT NULL,
	"sent_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "account_flags" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"reason" text NOT NULL,
	"severity" smallint NOT NULL,
	"status" text NOT NULL,
	"note" text,
	"flagged_at" timestamp (3) with time zone NOT NULL,
	"flagged_by" text,
	"flagged_by_service" text,
	"claimed_by" text,
	"claimed_at" timestamp (3) with time zone,
	"decision" text,
	"resolution_note" text,
	"resolved_at" timestamp (3) with time zone,
	"resolved_by" text,
	"network" text,
	"event_count" integer,
	"first_event_at" timestamp (3) with time zone,
	"last_event_at" timestamp (3) with time zone,
	"distinct_sources" integer,
	"affected_account_count" integer,
	"threshold_count" integer,
	"threshold_window_seconds" integer,
	CONSTRAINT "account_flags_status" CHECK ("account_flags"."status" in ('OPEN', 'CLAIMED', 'RESOLVED')),
	CONSTRAINT "account_flags_claim" CHECK (("account_flags"."status" = 'CLAIMED') <= ("account_flags"."claimed_by" is not null)),
	CONSTRAINT "account_flags_resolution" CHECK (("account_flags"."status" = 'RESOLVED') = ("account_flags"."decision" is not null)),
	CONSTRAINT "account_flags_severity" CHECK ("account_flags"."severity" between 1 and 4)
);
--> statement-breakpoint
CREATE TABLE "flag_actions" (
	"id" text PRIMARY KEY NOT NULL,
	"flag_id" text NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"by" text,
	"note" text
);
--> statement-breakpoint
CREATE TABLE "flag_events" (
	"flag_id" text NOT NULL,
	"event_id" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"network" text NOT NULL,
	"account_id" text,
	CONSTRAINT "flag_events_flag_id_event_id_pk" PRIMARY KEY("flag_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "password_resets" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text,
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"channel" text NOT NULL,
	"source" text NOT NULL,
	"removes_second_factors" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "passwords" (
	"account_id" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"cost_class" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "qr_requests" (
	"id" text PRIMARY KEY NOT NULL,
	"payload_digest" text NOT NULL,
	"claim_digest" text NOT NULL,
	"binding_digest" text,
	"number_mac" text NOT NULL,
	"number_attempts" integer DEFAULT 0 NOT NULL,
	"ip" text,
	"network" text NOT NULL,
	"user_agent" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"next_poll_at" timestamp (3) with time zone NOT NULL,
	"scanned_at" timestamp (3) with time zone,
	"account_id" text,
	"session_id" text,
	"epoch" integer,
	"two_factor" boolean,
	"approved_at" timestamp (3) with time zone,
	"denied_at" timestamp (3) with time zone,
	"claimed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "challenges" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"purpose" text NOT NULL,
	"subject_id" text,
	"binding_digest" text,
	"persistent" boolean DEFAULT false NOT NULL,
	"transport" text NOT NULL,
	"passkey_challenge" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"code_method" text,
	"code_mac" text,
	"code_attempts" integer DEFAULT 0 NOT NULL,
	"code_expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "passkey_ceremonies" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"kind" text NOT NULL,
	"challenge" text NOT NULL,
	"account_id" text,
	"session_id" text,
	"epoch" integer,
	"binding_digest" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "passkeys" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"credential_id" text NOT NULL,
	"public_key" text NOT NULL,
	"counter" bigint NOT NULL,
	"transports" jsonb NOT NULL,
	"label" text NOT NULL,
	"is_backed_up" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"removed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "recovery_codes" (
	"digest" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	"removed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "second_factors" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"method" text NOT NULL,
	"label" text,
	"secret" text,
	"last_step" bigint,
	"confirmed_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"epoch" integer NOT NULL,
	"session_id" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"code_mac" text,
	"code_attempts" integer DEFAULT 0 NOT NULL,
	"code_expires_at" timestamp (3) with time zone,
	"removed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "security_events" (
	"id" text NOT NULL,
	"kind" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"account_id" text,
	"email_key" text,
	"session_id" text,
	"request_id" text NOT NULL,
	"ip" text,
	"network" text NOT NULL,
	"user_agent" text,
	"by_staff" boolean DEFAULT false NOT NULL,
	"details" jsonb,
	CONSTRAINT "security_events_occurred_at_id_pk" PRIMARY KEY("occurred_at","id")
) PARTITION BY RANGE ("occurred_at");
--> statement-breakpoint
CREATE TABLE "unjudged_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "service_clients" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"digest" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "service_clients_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"private_jwk" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"active_from" timestamp (3) with time zone NOT NULL,
	"retired_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "remembered_devices" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"method" text NOT NULL,
	"transport" text NOT NULL,
	"persistent" boolean NOT NULL,
	"two_factor" boolean NOT NULL,
	"used_passkey" boolean DEFAULT false NOT NULL,
	"ip" text,
	"network" text NOT NULL,
	"user_agent" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone NOT NULL,
	"idle_seconds" integer NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"proven_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "cancel_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"support_request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "support_requests" (
	"id" text PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"status" text NOT NULL,
	"claimed_email" text NOT NULL,
	"email_key" text NOT NULL,
	"contact" text,
	"message" text,
	"network" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"claimed_by" text,
	"claimed_at" timestamp (3) with time zone,
	"decision" text,
	"decision_note" text,
	"decided_at" timestamp (3) with time zone,
	"decided_by" text,
	"account_id" text,
	"deliver_to" text,
	"removes_second_factors" boolean DEFAULT false NOT NULL,
	"confirmed_by" text,
	"confirmed_at" timestamp (3) with time zone,
	"confirmation_note" text,
	"released_at" timestamp (3) with time zone,
	"cancelled_at" timestamp (3) with time zone,
	"reminded_due_at" timestamp (3) with time zone,
	"reminded_overdue_at" timestamp (3) with time zone,
	CONSTRAINT "support_requests_two_people" CHECK ("support_requests"."confirmed_by" is null or "support_requests"."confirmed_by" <> "support_requests"."decided_by")
);
--> statement-breakpoint
ALTER TABLE "account_snapshots" ADD CONSTRAINT "account_snapshots_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disown_tokens" ADD CONSTRAINT "disown_tokens_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "email_changes" ADD CONSTRAINT "email_changes_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "phone_numbers" ADD CONSTRAINT "phone_numbers_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "phone_verifications" ADD CONSTRAINT "phone_verifications_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_flags" ADD CONSTRAINT "account_flags_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flag_actions" ADD CONSTRAINT "flag_actions_flag_id_account_flags_id_fk" FOREIGN KEY ("flag_id") REFERENCES "public"."account_flags"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "flag_events" ADD CONSTRAINT "flag_events_flag_id_account_flags_id_fk" FOREIGN KEY ("flag_id") REFERENCES "public"."account_flags"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "passwords" ADD CONSTRAINT "passwords_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "qr_requests" ADD CONSTRAINT "qr_requests_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "challenges" ADD CONSTRAINT "challenges_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "passkey_ceremonies" ADD CONSTRAINT "passkey_ceremonies_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "passkeys" ADD CONSTRAINT "passkeys_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recovery_codes" ADD CONSTRAINT "recovery_codes_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "second_factors" ADD CONSTRAINT "second_factors_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "remembered_devices" ADD CONSTRAINT "remembered_devices_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cancel_tokens" ADD CONSTRAINT "cancel_tokens_support_request_id_support_requests_id_fk" FOREIGN KEY ("support_request_id") REFERENCES "public"."support_requests"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_snapshots_account" ON "account_snapshots" USING btree ("account_id","taken_at");--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_email_key" ON "accounts" USING btree ("email_key") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "accounts_created" ON "accounts" USING btree ("created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "accounts_closed" ON "accounts" USING btree ("closed_at") WHERE closed_at is not null and erased_at is null;--> statement-breakpoint
CREATE INDEX "disown_tokens_account" ON "disown_tokens" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "disown_tokens_expires_at" ON "disown_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "email_changes_account" ON "email_changes" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "email_changes_expires_at" ON "email_changes" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sign_up_links_expires_at" ON "sign_up_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sign_up_links_email_key" ON "sign_up_links" USING btree ("email_key");--> statement-breakpoint
CREATE INDEX "audit_entries_at" ON "audit_entries" USING btree ("at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "audit_entries_by" ON "audit_entries" USING btree ("by_account_id","at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "audit_entries_subject" ON "audit_entries" USING btree ("subject_account_id","at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "attempt_counters_expires_at" ON "attempt_counters" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "rate_hits_expires_at" ON "rate_hits" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("priority","available_at","id") WHERE done_at is null and dead_at is null;--> statement-breakpoint
CREATE INDEX "outbox_account" ON "outbox" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "outbox_done_at" ON "outbox" USING btree ("done_at");--> statement-breakpoint
CREATE INDEX "sent_messages_recipient" ON "sent_messages" USING btree ("purpose","recipient_key","sent_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "sent_messages_sent_at" ON "sent_messages" USING btree ("sent_at");--> statement-breakpoint
CREATE UNIQUE INDEX "account_flags_one_open" ON "account_flags" USING btree ("account_id","reason") WHERE status <> 'RESOLVED' and reason <> 'RESET_CAMPAIGN';--> statement-breakpoint
CREATE UNIQUE INDEX "account_flags_one_campaign" ON "account_flags" USING btree ("network") WHERE status <> 'RESOLVED' and reason = 'RESET_CAMPAIGN';--> statement-breakpoint
CREATE INDEX "account_flags_account" ON "account_flags" USING btree ("account_id","flagged_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "account_flags_account_reason" ON "account_flags" USING btree ("account_id","reason","resolved_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "account_flags_queue_severity" ON "account_flags" USING btree ("severity" DESC NULLS LAST,"flagged_at","account_id") WHERE status <> 'RESOLVED';--> statement-breakpoint
CREATE INDEX "account_flags_queue_time" ON "account_flags" USING btree ("flagged_at","account_id") WHERE status <> 'RESOLVED';--> statement-breakpoint
CREATE INDEX "account_flags_claimed" ON "account_flags" USING btree ("claimed_by","severity" DESC NULLS LAST,"flagged_at") WHERE status = 'CLAIMED';--> statement-breakpoint
CREATE INDEX "flag_actions_flag" ON "flag_actions" USING btree ("flag_id","at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "flag_events_time" ON "flag_events" USING btree ("flag_id","occurred_at" DESC NULLS LAST,"event_id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "flag_events_network" ON "flag_events" USING btree ("flag_id","network");--> statement-breakpoint
CREATE INDEX "flag_events_account" ON "flag_events" USING btree ("flag_id","account_id");--> statement-breakpoint
CREATE INDEX "password_resets_account" ON "password_resets" USING btree ("account_id","created_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "password_resets_expires_at" ON "password_resets" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "passwords_cost_class" ON "passwords" USING btree ("cost_class");--> statement-breakpoint
CREATE INDEX "qr_requests_expires_at" ON "qr_requests" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "qr_requests_network" ON "qr_requests" USING btree ("network","created_at");--> statement-breakpoint
CREATE INDEX "challenges_account" ON "challenges" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "challenges_expires_at" ON "challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "passkey_ceremonies_expires_at" ON "passkey_ceremonies" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "passkeys_credential" ON "passkeys" USING btree ("credential_id");--> statement-breakpoint
CREATE INDEX "passkeys_account" ON "passkeys" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "recovery_codes_account" ON "recovery_codes" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "second_factors_account" ON "second_factors" USING btree ("account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "second_factors_one_message_factor" ON "second_factors" USING btree ("account_id","method") WHERE method in ('SMS', 'EMAIL') and confirmed_at is not null and removed_at is null;--> statement-breakpoint
CREATE INDEX "security_events_id" ON "security_events" USING btree ("id");--> statement-breakpoint
CREATE INDEX "security_events_account" ON "security_events" USING btree ("account_id","occurred_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "security_events_account_kind" ON "security_events" USING btree ("account_id","kind","occurred_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "security_events_network" ON "security_events" USING btree ("network","kind","occurred_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "remembered_devices_account" ON "remembered_devices" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "remembered_devices_expires_at" ON "remembered_devices" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_digest" ON "sessions" USING btree ("digest");--> statement-breakpoint
CREATE INDEX "sessions_account" ON "sessions" USING btree ("account_id","last_used_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "sessions_expires_at" ON "sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "cancel_tokens_request" ON "cancel_tokens" USING btree ("support_request_id");--> statement-breakpoint
CREATE INDEX "cancel_tokens_expires_at" ON "cancel_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "support_requests_reference" ON "support_requests" USING btree ("reference");--> statement-breakpoint
CREATE INDEX "support_requests_due" ON "support_requests" USING btree ("status","due_at","id");--> statement-breakpoint
CREATE INDEX "support_requests_created" ON "support_requests" USING btree ("status","created_at","id");--> statement-breakpoint
CREATE INDEX "support_requests_release" ON "support_requests" USING btree ("released_at") WHERE status = 'ON_HOLD';--> statement-breakpoint
CREATE INDEX "support_requests_email" ON "support_requests" USING btree ("email_key");
--> statement-breakpoint
-- From here on by hand: what the table builder cannot say.
INSERT INTO "test_clock" ("offset_seconds") VALUES (0);
--> statement-breakpoint
CREATE UNIQUE INDEX "test_clock_one_row" ON "test_clock" ((true));
--> statement-breakpoint
-- Security events by month, so that retention drops a partition instead of deleting rows. What falls outside the
-- months made ahead lands in the default partition and is lost to nobody.
CREATE TABLE "security_events_default" PARTITION OF "security_events" DEFAULT;
--> statement-breakpoint
-- Runs as its owner, so that the service's own role needs no right to make tables; gives up rather than let the public wait.
CREATE FUNCTION "ensure_security_events_partition"("month" date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  first_day date := date_trunc('month', "month")::date;
  next_day date := (date_trunc('month', "month") + interval '1 month')::date;
  partition_name text := format('security_events_%s', to_char(first_day, 'YYYY_MM'));
BEGIN
  IF to_regclass(partition_name) IS NOT NULL THEN
    RETURN false;
  END IF;
  -- A month that already has rows in the default partition stays there: PostgreSQL would refuse the new one.
  IF EXISTS (SELECT 1 FROM "security_events_default" WHERE "occurred_at" >= first_day AND "occurred_at" < next_day) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF "security_events" FOR VALUES FROM (%L) TO (%L)',
    partition_name, first_day::timestamptz, next_day::timestamptz);
  RETURN true;
END
$$;
--> statement-breakpoint
SELECT "ensure_security_events_partition"((now() + n * interval '1 month')::date) FROM generate_series(0, 2) AS n;
--> statement-breakpoint
-- Audit entries are written once (R-119). An owner can get past this; the chain of hashes then shows it.
CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit entries are never changed' USING ERRCODE = '42501';
END
$$;
--> statement-breakpoint
CREATE TRIGGER "audit_entries_written_once" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entries"
FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();
