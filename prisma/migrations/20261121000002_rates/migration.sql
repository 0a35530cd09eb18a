-- CreateEnum
CREATE TYPE "rate_source" AS ENUM ('FETCHED', 'SET', 'IMPORTED');

-- AlterTable
ALTER TABLE "rates" ADD COLUMN "source" "rate_source" NOT NULL DEFAULT 'SET';

-- CreateIndex
CREATE INDEX "rates_account_id_valid_until_idx" ON "rates"("account_id", "valid_until");
