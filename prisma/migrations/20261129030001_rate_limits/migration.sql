-- Nullable and without a default: nothing is rewritten.
ALTER TABLE "accounts" ADD COLUMN "limits" JSONB;
ALTER TABLE "api_keys" ADD COLUMN "limits" JSONB;
