-- CreateTable
CREATE TABLE "bulk_attempts" (
    "claim" TEXT NOT NULL,
    "provider_id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "message_ids" UUID[],
    "numbers" SMALLINT[],

    CONSTRAINT "bulk_attempts_pkey" PRIMARY KEY ("claim")
);
