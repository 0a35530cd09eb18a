-- Nullable and without a default: nothing is rewritten.
ALTER TABLE "accounts" ADD COLUMN "stored_messages" BIGINT, ADD COLUMN "stored_at" TIMESTAMPTZ(3);
