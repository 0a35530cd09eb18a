-- Copies of events of transactions up to this one may have words that were erased since.
ALTER TABLE "event_log_floor" ADD COLUMN "erased_tx" BIGINT NOT NULL DEFAULT 0;
