-- Answers of people that name a message whose id at the provider is not known yet.
CREATE TABLE "parked_inbound" (
    "id" BIGSERIAL NOT NULL,
    "provider_id" UUID NOT NULL,
    "answers_id" TEXT NOT NULL,
    "reading" JSONB NOT NULL,
    "source" "event_source" NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "check_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "checks" SMALLINT NOT NULL DEFAULT 0,

    CONSTRAINT "parked_inbound_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "parked_inbound_provider_id_idx" ON "parked_inbound"("provider_id");
CREATE INDEX "parked_inbound_received_at_idx" ON "parked_inbound"("received_at");
CREATE INDEX "parked_inbound_check_at_idx" ON "parked_inbound"("check_at");
