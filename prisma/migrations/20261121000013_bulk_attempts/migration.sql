-- CreateTable
CREATE TABLE "bulk_attempts" (
    "claim" TEXT NOT NULL,
    "provider_id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "message_ids" UUID[],
    "numbers" SMALLINT[],

    CONSTRAINT "bulk_attempts_pkey" PRIMARY KEY ("claim")
);

-- Ids hardly compress: to try it was half of what storing them cost.
ALTER TABLE "bulk_attempts" ALTER COLUMN "message_ids" SET STORAGE EXTERNAL;
ALTER TABLE "bulk_checks" ALTER COLUMN "message_ids" SET STORAGE EXTERNAL;
