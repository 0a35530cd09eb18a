-- When the last reading of a provider's list for messages from people began that came to its end.
ALTER TABLE "providers" ADD COLUMN "inbound_read_at" TIMESTAMPTZ(3);
