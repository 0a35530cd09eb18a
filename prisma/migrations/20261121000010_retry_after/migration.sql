-- AlterTable
ALTER TABLE "lanes" ADD COLUMN     "paused_until" TIMESTAMPTZ(3);
