-- Nullable and without a default: nothing is rewritten.
ALTER TABLE "messages" ADD COLUMN "answers" UUID, ADD COLUMN "answered_campaign_id" UUID;
ALTER TABLE "providers" ADD COLUMN "next_inbound_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

CREATE TABLE "opt_out_settings" (
    "account_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "languages" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "opt_out_settings_pkey" PRIMARY KEY ("account_id")
);
