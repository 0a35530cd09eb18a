-- CreateEnum
CREATE TYPE "webhook_delivery_status" AS ENUM ('DELIVERED', 'FAILED');

-- CreateTable
CREATE TABLE "webhooks" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "filter" JSONB NOT NULL,
    "batch_size" SMALLINT NOT NULL,
    "without_texts" BOOLEAN NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "disabled_at" TIMESTAMPTZ(3),
    "secrets" BYTEA NOT NULL,
    "cursor_tx" BIGINT NOT NULL,
    "cursor_id" BIGINT NOT NULL,
    "batch_tx" BIGINT,
    "batch_id" BIGINT,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "problem" TEXT,
    "last_delivery" BIGINT NOT NULL DEFAULT 0,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "worker" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "webhook_id" UUID NOT NULL,
    "slot" SMALLINT NOT NULL,
    "number" BIGINT NOT NULL,
    "header_id" TEXT NOT NULL,
    "events" SMALLINT NOT NULL,
    "status" "webhook_delivery_status" NOT NULL,
    "response_code" SMALLINT,
    "latency_ms" INTEGER NOT NULL,
    "attempts" SMALLINT NOT NULL,
    "problem" TEXT,
    "first_attempted_at" TIMESTAMPTZ(3) NOT NULL,
    "last_attempted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("webhook_id","slot")
);

-- CreateIndex
CREATE INDEX "webhooks_account_id_id_idx" ON "webhooks"("account_id", "id");

-- AddForeignKey
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Both are written many times a second: free space on each page lets a new version of a row stay on it.
ALTER TABLE "webhooks" SET (fillfactor = 50);
ALTER TABLE "webhook_deliveries" SET (fillfactor = 70);
