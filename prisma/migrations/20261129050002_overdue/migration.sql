-- AlterTable
ALTER TABLE "message_checks" ADD COLUMN "overdue_at" TIMESTAMPTZ(3);
