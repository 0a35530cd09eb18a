-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "last_used_at" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "api_keys_account_id_id_idx" ON "api_keys"("account_id", "id");

-- A key dies in every process at once, whoever revokes it and however: the API, the command line, an operator with SQL.
CREATE FUNCTION "notify_api_keys"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('smsgraph_api_keys', '');
  RETURN NULL;
END
$$;

CREATE TRIGGER "api_keys_changed"
AFTER UPDATE OF "expires_at", "revoked_at" ON "api_keys"
FOR EACH ROW
WHEN (OLD."expires_at" IS DISTINCT FROM NEW."expires_at" OR OLD."revoked_at" IS DISTINCT FROM NEW."revoked_at")
EXECUTE FUNCTION "notify_api_keys"();

CREATE TRIGGER "api_keys_deleted"
AFTER DELETE ON "api_keys"
FOR EACH ROW EXECUTE FUNCTION "notify_api_keys"();
