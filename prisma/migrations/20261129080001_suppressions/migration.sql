CREATE TYPE "suppression_source" AS ENUM ('API', 'IMPORT', 'REPLY');

-- Without a foreign key: it would look up the account for each of the millions of entries of an import.
CREATE TABLE "suppressions" (
    "account_id" UUID NOT NULL,
    "recipient" TEXT NOT NULL,
    "sender" TEXT NOT NULL,
    "reason" TEXT,
    "source" "suppression_source" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "suppressions_pkey" PRIMARY KEY ("account_id", "recipient", "sender")
);

ALTER TABLE "campaigns" ADD COLUMN "suppressed" INTEGER NOT NULL DEFAULT 0;
