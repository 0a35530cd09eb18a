-- CreateEnum
CREATE TYPE "rate_source" AS ENUM ('FETCHED', 'SET', 'IMPORTED');

-- AlterTable
ALTER TABLE "rates" ADD COLUMN "source" "rate_source" NOT NULL DEFAULT 'SET';

-- CreateIndex
CREATE INDEX "rates_account_id_valid_until_idx" ON "rates"("account_id", "valid_until");

-- AlterTable
ALTER TABLE "providers" ADD COLUMN "low_balance" DECIMAL,
ADD COLUMN "balance_low_since" TIMESTAMPTZ(3),
ADD COLUMN "next_rates_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "balances" ADD COLUMN "is_low" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "lanes" ADD COLUMN "no_credit_since" TIMESTAMPTZ(3),
ADD COLUMN "credit_probe_at" TIMESTAMPTZ(3),
ADD COLUMN "tried_balance" DECIMAL;

-- AlterTable
ALTER TABLE "attempts" ADD COLUMN "no_credit" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "message_events" ADD COLUMN "cost_currency" TEXT;

-- AlterTable
ALTER TABLE "parked_receipts" ADD COLUMN "cost_currency" TEXT;

-- CreateTable
CREATE TABLE "rate_questions" (
    "provider_id" UUID NOT NULL,
    "mccmnc" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "rate_questions_pkey" PRIMARY KEY ("provider_id","mccmnc")
);

-- AddForeignKey
ALTER TABLE "rate_questions" ADD CONSTRAINT "rate_questions_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateIndex: only the messages that were charged otherwise than estimated
CREATE INDEX "messages_cost_differences_idx" ON "messages"("provider_id", "id")
WHERE "cost" <> "estimated_cost" OR ("cost" IS NOT NULL AND "estimated_cost" IS NOT NULL AND "cost_currency" IS DISTINCT FROM "estimated_currency");
