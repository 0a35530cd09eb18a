-- Nullable, or with a constant default: nothing is rewritten.
ALTER TABLE "campaigns" ADD COLUMN "window_days" SMALLINT, ADD COLUMN "ends_at" TIMESTAMPTZ(3),
    ADD COLUMN "version" INTEGER NOT NULL DEFAULT 1;
