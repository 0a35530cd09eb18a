-- A constant default: nothing is rewritten.
ALTER TABLE "callbacks" ADD COLUMN "unmatched" BOOLEAN NOT NULL DEFAULT false;
