-- Nullable and without a default: nothing is rewritten.
ALTER TABLE "messages" ADD COLUMN "trace" BYTEA;
ALTER TABLE "campaigns" ADD COLUMN "trace" BYTEA;
