-- AlterTable
ALTER TABLE "parked_receipts" ADD COLUMN "check_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN "checks" SMALLINT NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "parked_receipts_check_at_idx" ON "parked_receipts"("check_at");

-- CreateIndex
CREATE INDEX "callbacks_quarantined_idx" ON "callbacks"("provider_id") WHERE state = 'QUARANTINED';

-- CreateTable
CREATE TABLE "retention_clock" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stepped_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "retention_clock_pkey" PRIMARY KEY ("id")
);
INSERT INTO "retention_clock" DEFAULT VALUES;
