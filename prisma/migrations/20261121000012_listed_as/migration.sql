-- DropIndex
DROP INDEX "messages_account_id_status_id_idx";

-- DropIndex
DROP INDEX "messages_account_id_provider_id_id_idx";

-- DropIndex
DROP INDEX "messages_campaign_id_status_id_idx";

-- DropIndex
DROP INDEX "messages_provider_id_status_idx";

-- DropIndex
DROP INDEX "messages_next_check_at_idx";

-- CreateTable
CREATE TABLE "message_checks" (
    "message_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "checks" SMALLINT NOT NULL DEFAULT 0,

    CONSTRAINT "message_checks_pkey" PRIMARY KEY ("message_id")
);

-- CreateTable
CREATE TABLE "bulk_checks" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "status" "message_status" NOT NULL,
    "message_ids" UUID[],
    "spread" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "bulk_checks_pkey" PRIMARY KEY ("id")
);

-- The looks that were planned
INSERT INTO "message_checks" ("message_id", "at", "checks")
SELECT "id", "next_check_at", "checks" FROM "messages" WHERE "next_check_at" IS NOT NULL;

-- AlterTable
ALTER TABLE "messages" DROP COLUMN "checks",
DROP COLUMN "next_check_at",
ADD COLUMN     "listed_as" "message_status";

UPDATE "messages"
SET "listed_as" = CASE WHEN "status" IN ('QUEUED', 'SUBMITTING', 'SUBMITTED', 'SENT') THEN 'SUBMITTING' ELSE "status" END;

ALTER TABLE "messages" ALTER COLUMN "listed_as" SET NOT NULL;

-- Room on each page for the next version of its rows: a step that touches no index is then written beside them.
ALTER TABLE "messages" SET (fillfactor = 45);

-- CreateIndex
CREATE INDEX "message_checks_at_idx" ON "message_checks"("at");

-- CreateIndex
CREATE INDEX "bulk_checks_at_idx" ON "bulk_checks"("at");

-- CreateIndex
CREATE INDEX "messages_account_id_listed_as_id_idx" ON "messages"("account_id", "listed_as", "id");

-- CreateIndex
CREATE INDEX "messages_provider_id_listed_as_id_idx" ON "messages"("provider_id", "listed_as", "id");

-- CreateIndex
CREATE INDEX "messages_campaign_id_listed_as_id_idx" ON "messages"("campaign_id", "listed_as", "id") WHERE (campaign_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "messages_campaign_id_retry_at_idx" ON "messages"("campaign_id", "retry_at") WHERE (retry_at IS NOT NULL);
