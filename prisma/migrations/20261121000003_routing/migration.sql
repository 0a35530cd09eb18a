-- CreateEnum
CREATE TYPE "duplicate_policy" AS ENUM ('NEVER', 'ALLOW_POSSIBLE_DUPLICATE');

-- AlterEnum
ALTER TYPE "ignored_reason" ADD VALUE 'OTHER_ATTEMPT';

-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "duplicate_policy" "duplicate_policy" NOT NULL DEFAULT 'NEVER',
ADD COLUMN     "route" JSONB,
ADD COLUMN     "routed" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "message_events" ADD COLUMN     "rerouted" JSONB;

-- CreateTable
CREATE TABLE "routing_policies" (
    "account_id" UUID NOT NULL,
    "policies" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "routing_policies_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "spending_limits" (
    "account_id" UUID NOT NULL,
    "allowed_countries" TEXT[],
    "allows_all_countries" BOOLEAN NOT NULL,
    "caps" JSONB NOT NULL,
    "allow_uncounted" BOOLEAN NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "counted_since_tx" BIGINT NOT NULL,
    "is_settled" BOOLEAN NOT NULL,

    CONSTRAINT "spending_limits_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "spending" (
    "account_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "country" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" DECIMAL NOT NULL,

    CONSTRAINT "spending_pkey" PRIMARY KEY ("account_id","day","country","currency")
);

-- AddForeignKey
ALTER TABLE "routing_policies" ADD CONSTRAINT "routing_policies_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "spending_limits" ADD CONSTRAINT "spending_limits_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateTable
CREATE TABLE "campaign_routes" (
    "campaign_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "country" TEXT NOT NULL,
    "route" JSONB NOT NULL,

    CONSTRAINT "campaign_routes_pkey" PRIMARY KEY ("campaign_id","provider_id","country")
);

-- AddForeignKey
ALTER TABLE "campaign_routes" ADD CONSTRAINT "campaign_routes_campaign_id_fkey" FOREIGN KEY ("campaign_id") REFERENCES "campaigns"("id") ON DELETE CASCADE ON UPDATE CASCADE;
