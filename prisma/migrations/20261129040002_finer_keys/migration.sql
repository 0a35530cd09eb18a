-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "allowed_addresses" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "rotated_from" UUID;

-- CreateTable
CREATE TABLE "watch_tokens" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "key_id" UUID NOT NULL,
    "target_type" TEXT NOT NULL,
    "target_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "watch_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "watch_tokens_account_id_id_idx" ON "watch_tokens"("account_id", "id");

-- CreateIndex
CREATE INDEX "watch_tokens_expires_at_idx" ON "watch_tokens"("expires_at");

-- AddForeignKey
ALTER TABLE "watch_tokens" ADD CONSTRAINT "watch_tokens_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "api_keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A revoked token ends in every process at once, as a revoked key does.
CREATE TRIGGER "watch_tokens_revoked"
AFTER UPDATE OF "revoked_at" ON "watch_tokens"
FOR EACH ROW
WHEN (OLD."revoked_at" IS DISTINCT FROM NEW."revoked_at")
EXECUTE FUNCTION "notify_api_keys"();
