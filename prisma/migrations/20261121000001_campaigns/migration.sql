-- CreateEnum
CREATE TYPE "campaign_status" AS ENUM ('SCHEDULED', 'RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED');

-- AlterTable
ALTER TABLE "lanes" ADD COLUMN     "yield_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "campaigns" ADD COLUMN     "completed_at" TIMESTAMPTZ(3),
ADD COLUMN     "duplicates_removed" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "fingerprint" BYTEA,
ADD COLUMN     "idempotency_key" TEXT,
ADD COLUMN     "import_until" TIMESTAMPTZ(3),
ADD COLUMN     "imported_at" TIMESTAMPTZ(3),
ADD COLUMN     "messages_per_second" DOUBLE PRECISION,
ADD COLUMN     "priority" "message_priority" NOT NULL DEFAULT 'NORMAL',
ADD COLUMN     "provider_id" UUID,
ADD COLUMN     "rate" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "refilled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "refused" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "sampled_at" TIMESTAMPTZ(3),
ADD COLUMN     "sampled_done" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "scheduled_at" TIMESTAMPTZ(3),
ADD COLUMN     "sender" TEXT NOT NULL,
ADD COLUMN     "started_at" TIMESTAMPTZ(3),
ADD COLUMN     "status" "campaign_status" NOT NULL,
ADD COLUMN     "text" TEXT NOT NULL,
ADD COLUMN     "time_zone" TEXT,
ADD COLUMN     "tokens" DOUBLE PRECISION NOT NULL DEFAULT 1,
ADD COLUMN     "total" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "updated_at" TIMESTAMPTZ(3) NOT NULL,
ADD COLUMN     "window_end" SMALLINT,
ADD COLUMN     "window_start" SMALLINT,
ALTER COLUMN "created_at" DROP DEFAULT;

-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "retry_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "attempts" ADD COLUMN     "claim" TEXT;

-- CreateTable
CREATE TABLE "campaign_recipients" (
    "campaign_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "recipient" TEXT NOT NULL,
    "client_ref" TEXT,
    "country" TEXT,
    "provider_id" UUID NOT NULL,
    "sender" TEXT NOT NULL,
    "text" TEXT,
    "encoding" "text_encoding" NOT NULL,
    "segments" SMALLINT NOT NULL,
    "estimated_cost" DECIMAL,
    "estimated_currency" TEXT,
    "route" JSONB,

    CONSTRAINT "campaign_recipients_pkey" PRIMARY KEY ("campaign_id","position")
);

-- CreateTable
CREATE TABLE "refused_recipients" (
    "campaign_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "recipient" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "refused_recipients_pkey" PRIMARY KEY ("campaign_id","position")
);

-- CreateTable
CREATE TABLE "campaign_estimates" (
    "campaign_id" UUID NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" DECIMAL NOT NULL,

    CONSTRAINT "campaign_estimates_pkey" PRIMARY KEY ("campaign_id","currency")
);

-- CreateTable
CREATE TABLE "campaign_tallies" (
    "id" BIGSERIAL NOT NULL,
    "campaign_id" UUID NOT NULL,
    "status" "message_status" NOT NULL,
    "delta" INTEGER NOT NULL,

    CONSTRAINT "campaign_tallies_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "campaign_costs" (
    "id" BIGSERIAL NOT NULL,
    "campaign_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "delta" DECIMAL NOT NULL,

    CONSTRAINT "campaign_costs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "campaign_recipients_campaign_id_recipient_key" ON "campaign_recipients"("campaign_id", "recipient");

-- CreateIndex
CREATE INDEX "campaign_tallies_campaign_id_idx" ON "campaign_tallies"("campaign_id");

-- CreateIndex
CREATE INDEX "campaign_costs_campaign_id_idx" ON "campaign_costs"("campaign_id");

-- CreateIndex
CREATE INDEX "campaigns_account_id_id_idx" ON "campaigns"("account_id", "id");

-- CreateIndex
CREATE INDEX "campaigns_account_id_status_id_idx" ON "campaigns"("account_id", "status", "id");

-- CreateIndex
CREATE UNIQUE INDEX "campaigns_account_id_idempotency_key_key" ON "campaigns"("account_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "messages_campaign_id_status_id_idx" ON "messages"("campaign_id", "status", "id");

-- AddForeignKey
ALTER TABLE "campaigns" ADD CONSTRAINT "campaigns_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "campaign_estimates" ADD CONSTRAINT "campaign_estimates_campaign_id_fkey" FOREIGN KEY ("campaign_id") REFERENCES "campaigns"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
