-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "restrictions" JSONB;

-- What is open for the key ends, so that the client comes back under the new ones.
CREATE TRIGGER "api_keys_restricted"
AFTER UPDATE OF "restrictions" ON "api_keys"
FOR EACH ROW WHEN (OLD."restrictions" IS DISTINCT FROM NEW."restrictions")
EXECUTE FUNCTION "notify_api_keys"();
