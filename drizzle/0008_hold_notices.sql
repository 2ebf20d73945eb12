ALTER TABLE "support_requests" ADD COLUMN "hold_notice_id" bigint;--> statement-breakpoint
ALTER TABLE "support_requests" ADD COLUMN "hold_renewals" integer DEFAULT 0 NOT NULL;