-- The order in which entries of the audit log can be read without missing one. The table is new in this version, so
-- there is little to rewrite.
ALTER TABLE "audit_log" ADD COLUMN     "seq" BIGSERIAL NOT NULL,
ADD COLUMN     "tx" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint;

-- CreateEnum
CREATE TYPE "webhook_stream" AS ENUM ('MESSAGES', 'AUDIT');

-- AlterTable
ALTER TABLE "webhooks" ADD COLUMN     "stream" "webhook_stream" NOT NULL DEFAULT 'MESSAGES';
