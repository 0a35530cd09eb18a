ALTER TABLE "sending_settings" ADD COLUMN "registered_senders" JSONB NOT NULL DEFAULT '[]';
