ALTER TABLE "campaigns" ADD COLUMN "observe_holidays" BOOLEAN NOT NULL DEFAULT false;
