-- AlterTable
ALTER TABLE "campaign_costs" DROP COLUMN "provider_id",
ADD COLUMN     "currency" TEXT;
