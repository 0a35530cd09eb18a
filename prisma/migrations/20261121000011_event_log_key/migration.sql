-- DropForeignKey
ALTER TABLE "message_events" DROP CONSTRAINT "message_events_message_id_fkey";

-- DropForeignKey
ALTER TABLE "attempts" DROP CONSTRAINT "attempts_message_id_fkey";

-- DropIndex
DROP INDEX "message_events_tx_id_idx";

-- AlterTable
ALTER TABLE "message_events" DROP CONSTRAINT "message_events_pkey",
ADD CONSTRAINT "message_events_pkey" PRIMARY KEY ("tx", "id");
