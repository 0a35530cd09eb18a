-- CreateTable
CREATE TABLE "move_deltas" (
    "id" BIGSERIAL NOT NULL,
    "account_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "country" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(0) NOT NULL,
    "from_status" "message_status" NOT NULL,
    "to_status" "message_status" NOT NULL,
    "lag" SMALLINT NOT NULL DEFAULT 0,
    "count" INTEGER NOT NULL,

    CONSTRAINT "move_deltas_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "move_sums" (
    "account_id" UUID NOT NULL,
    "span" INTEGER NOT NULL,
    "start" TIMESTAMPTZ(0) NOT NULL,
    "provider_id" UUID NOT NULL,
    "country" TEXT NOT NULL,
    "from_status" "message_status" NOT NULL,
    "to_status" "message_status" NOT NULL,
    "lag" SMALLINT NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "move_sums_pkey" PRIMARY KEY ("account_id","span","start","provider_id","country","from_status","to_status","lag")
);

-- CreateTable
CREATE TABLE "charge_deltas" (
    "id" BIGSERIAL NOT NULL,
    "account_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "country" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(0) NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" DECIMAL NOT NULL,

    CONSTRAINT "charge_deltas_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "charge_sums" (
    "account_id" UUID NOT NULL,
    "span" INTEGER NOT NULL,
    "start" TIMESTAMPTZ(0) NOT NULL,
    "provider_id" UUID NOT NULL,
    "country" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" DECIMAL NOT NULL,

    CONSTRAINT "charge_sums_pkey" PRIMARY KEY ("account_id","span","start","provider_id","country","currency")
);

-- The newest sums are written again every few seconds: free space on each page lets a new version of a row stay on it.
ALTER TABLE "move_sums" SET (fillfactor = 70);
ALTER TABLE "charge_sums" SET (fillfactor = 70);

-- Rows live for seconds only. Without this, their remains would pile up until there are many.
ALTER TABLE "move_deltas" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);
ALTER TABLE "charge_deltas" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);
