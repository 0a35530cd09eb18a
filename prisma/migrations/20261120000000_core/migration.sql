-- CreateEnum
CREATE TYPE "breaker_state" AS ENUM ('CLOSED', 'OPEN', 'HALF_OPEN');

-- CreateEnum
CREATE TYPE "message_status" AS ENUM ('SCHEDULED', 'QUEUED', 'SUBMITTING', 'OUTCOME_UNKNOWN', 'SUBMITTED', 'SENT', 'DELIVERED', 'READ', 'UNDELIVERED', 'EXPIRED', 'REJECTED', 'FAILED', 'CANCELLED', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "message_priority" AS ENUM ('LOW', 'NORMAL', 'HIGH');

-- CreateEnum
CREATE TYPE "text_encoding" AS ENUM ('GSM7', 'UCS2');

-- CreateEnum
CREATE TYPE "event_source" AS ENUM ('API', 'DISPATCH', 'CALLBACK', 'POLL', 'RECONCILE');

-- CreateEnum
CREATE TYPE "ignored_reason" AS ENUM ('DUPLICATE', 'LATE', 'ALREADY_FINAL', 'AWAITING_PARTS');

-- CreateEnum
CREATE TYPE "callback_state" AS ENUM ('PROCESSED', 'QUARANTINED');

-- CreateTable
CREATE TABLE "accounts" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "providers" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "priority" INTEGER NOT NULL DEFAULT 100,
    "default_sender" TEXT,
    "max_per_second" DOUBLE PRECISION,
    "max_concurrent" INTEGER,
    "currency" TEXT,
    "last_error" TEXT,
    "last_error_at" TIMESTAMPTZ(3),
    "next_balance_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settings" JSONB NOT NULL,
    "secrets" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disconnected_at" TIMESTAMPTZ(3),

    CONSTRAINT "providers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lanes" (
    "provider_id" UUID NOT NULL,
    "tokens" DOUBLE PRECISION NOT NULL DEFAULT 1,
    "refilled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "breaker" "breaker_state" NOT NULL DEFAULT 'CLOSED',
    "open_until" TIMESTAMPTZ(3),
    "open_seconds" INTEGER NOT NULL DEFAULT 0,
    "closed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lanes_pkey" PRIMARY KEY ("provider_id")
);

-- CreateTable
CREATE TABLE "provider_states" (
    "provider_id" UUID NOT NULL,
    "value" BYTEA NOT NULL,

    CONSTRAINT "provider_states_pkey" PRIMARY KEY ("provider_id")
);

-- CreateTable
CREATE TABLE "balances" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "amount" DECIMAL,
    "currency" TEXT,
    "units" DECIMAL,
    "credit_limit" DECIMAL,
    "provider_updated_at" TIMESTAMPTZ(3),
    "fetched_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "balances_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rates" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "mcc" TEXT NOT NULL,
    "mnc" TEXT,
    "country" TEXT,
    "price" DECIMAL NOT NULL,
    "currency" TEXT NOT NULL,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_until" TIMESTAMPTZ(3),

    CONSTRAINT "rates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "campaigns" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "campaigns_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "provider_id" UUID,
    "campaign_id" UUID,
    "recipient" TEXT NOT NULL,
    "sender" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "encoding" "text_encoding" NOT NULL,
    "segments" SMALLINT NOT NULL,
    "flash" BOOLEAN NOT NULL DEFAULT false,
    "priority" "message_priority" NOT NULL DEFAULT 'NORMAL',
    "country" TEXT,
    "client_ref" TEXT,
    "scheduled_at" TIMESTAMPTZ(3),
    "valid_until" TIMESTAMPTZ(3),
    "cadence_group_id" TEXT,
    "dlt_template_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "estimated_cost" DECIMAL,
    "estimated_currency" TEXT,
    "status" "message_status" NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "last_event_tx" BIGINT NOT NULL,
    "provider_status" TEXT,
    "provider_message_id" TEXT,
    "provider_batch_id" TEXT,
    "failure_code" TEXT,
    "failure_text" TEXT,
    "failure_permanent" BOOLEAN,
    "mccmnc" TEXT,
    "cost" DECIMAL,
    "cost_currency" TEXT,
    "submitted_at" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "next_check_at" TIMESTAMPTZ(3),
    "checks" SMALLINT NOT NULL DEFAULT 0,

    CONSTRAINT "messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "message_events" (
    "id" BIGSERIAL NOT NULL,
    "tx" BIGINT NOT NULL,
    "account_id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "provider_id" UUID,
    "version" INTEGER NOT NULL,
    "status" "message_status" NOT NULL,
    "provider_status" TEXT,
    "source" "event_source" NOT NULL,
    "applied" BOOLEAN NOT NULL,
    "ignored_reason" "ignored_reason",
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "part" SMALLINT NOT NULL DEFAULT 1,
    "parts" SMALLINT NOT NULL DEFAULT 1,
    "detail" TEXT,
    "provider_message_id" TEXT,
    "provider_batch_id" TEXT,
    "failure_code" TEXT,
    "failure_text" TEXT,
    "failure_permanent" BOOLEAN,
    "mccmnc" TEXT,
    "cost" DECIMAL,
    "message_cost" DECIMAL,

    CONSTRAINT "message_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "message_id" UUID NOT NULL,
    "number" SMALLINT NOT NULL,
    "provider_id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "outcome" TEXT,
    "reason" TEXT,

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("message_id","number")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "account_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "message_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("account_id","key")
);

-- CreateTable
CREATE TABLE "callbacks" (
    "id" BIGSERIAL NOT NULL,
    "provider_id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "content_type" TEXT,
    "body" TEXT NOT NULL,
    "source" "event_source" NOT NULL DEFAULT 'CALLBACK',
    "state" "callback_state" NOT NULL,
    "problem" TEXT,

    CONSTRAINT "callbacks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "parked_receipts" (
    "id" BIGSERIAL NOT NULL,
    "provider_id" UUID NOT NULL,
    "provider_message_id" TEXT NOT NULL,
    "status" "message_status" NOT NULL,
    "provider_status" TEXT NOT NULL,
    "source" "event_source" NOT NULL,
    "occurred_at" TIMESTAMPTZ(3),
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "part" SMALLINT NOT NULL,
    "parts" SMALLINT NOT NULL,
    "cost" DECIMAL,
    "mccmnc" TEXT,
    "failure_code" TEXT,
    "failure_text" TEXT,
    "failure_permanent" BOOLEAN,

    CONSTRAINT "parked_receipts_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_hash_key" ON "api_keys"("hash");

-- CreateIndex
CREATE INDEX "providers_account_id_priority_id_idx" ON "providers"("account_id", "priority", "id");

-- CreateIndex
CREATE INDEX "balances_provider_id_fetched_at_idx" ON "balances"("provider_id", "fetched_at");

-- CreateIndex
CREATE INDEX "rates_provider_id_mcc_mnc_valid_from_idx" ON "rates"("provider_id", "mcc", "mnc", "valid_from");

-- CreateIndex
CREATE INDEX "messages_account_id_id_idx" ON "messages"("account_id", "id");

-- CreateIndex
CREATE INDEX "messages_account_id_status_id_idx" ON "messages"("account_id", "status", "id");

-- CreateIndex
CREATE INDEX "messages_account_id_provider_id_id_idx" ON "messages"("account_id", "provider_id", "id");

-- CreateIndex
CREATE INDEX "messages_account_id_recipient_id_idx" ON "messages"("account_id", "recipient", "id");

-- CreateIndex
CREATE INDEX "messages_account_id_client_ref_id_idx" ON "messages"("account_id", "client_ref", "id");

-- CreateIndex
CREATE INDEX "messages_provider_id_provider_message_id_idx" ON "messages"("provider_id", "provider_message_id");

-- CreateIndex
CREATE INDEX "messages_provider_id_status_idx" ON "messages"("provider_id", "status");

-- CreateIndex
CREATE INDEX "messages_next_check_at_idx" ON "messages"("next_check_at");

-- CreateIndex
CREATE INDEX "message_events_tx_id_idx" ON "message_events"("tx", "id");

-- CreateIndex
CREATE INDEX "message_events_message_id_id_idx" ON "message_events"("message_id", "id");

-- CreateIndex
CREATE INDEX "attempts_provider_id_started_at_idx" ON "attempts"("provider_id", "started_at");

-- CreateIndex
CREATE INDEX "attempts_provider_id_finished_at_idx" ON "attempts"("provider_id", "finished_at");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- CreateIndex
CREATE INDEX "callbacks_state_id_idx" ON "callbacks"("state", "id");

-- CreateIndex
CREATE INDEX "parked_receipts_provider_id_provider_message_id_idx" ON "parked_receipts"("provider_id", "provider_message_id");

-- CreateIndex
CREATE INDEX "parked_receipts_received_at_idx" ON "parked_receipts"("received_at");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "providers" ADD CONSTRAINT "providers_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "lanes" ADD CONSTRAINT "lanes_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_states" ADD CONSTRAINT "provider_states_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "balances" ADD CONSTRAINT "balances_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rates" ADD CONSTRAINT "rates_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "campaigns" ADD CONSTRAINT "campaigns_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "providers"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_campaign_id_fkey" FOREIGN KEY ("campaign_id") REFERENCES "campaigns"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message_events" ADD CONSTRAINT "message_events_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
