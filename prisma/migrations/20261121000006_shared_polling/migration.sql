-- How often a queue of receipts is looked into, and how long after trouble it is not, over all workers.
ALTER TABLE "providers"
  ADD COLUMN "last_drain_at" TIMESTAMPTZ(3),
  ADD COLUMN "drain_failures" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "drain_paused_until" TIMESTAMPTZ(3);

-- Questions take their turns among the submissions of a lane, and after them.
ALTER TABLE "lanes"
  ADD COLUMN "wanted_until" TIMESTAMPTZ(3),
  ADD COLUMN "asked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
