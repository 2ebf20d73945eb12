ALTER TABLE "qr_requests" ALTER COLUMN "binding_digest" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "qr_requests" ADD COLUMN "is_native" boolean DEFAULT false NOT NULL;