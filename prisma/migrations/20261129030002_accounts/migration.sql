-- Constant defaults and nullable columns: nothing is rewritten.
ALTER TABLE "accounts" ADD COLUMN "suspended_at" TIMESTAMPTZ(3), ADD COLUMN "deleting_at" TIMESTAMPTZ(3);
ALTER TABLE "lanes" ADD COLUMN "suspended" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE "account_deletions" (
    "account_id" UUID NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "step" TEXT NOT NULL DEFAULT '',
    "deleted" BIGINT NOT NULL DEFAULT 0,
    "keeps_totals" BOOLEAN NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_deletions_pkey" PRIMARY KEY ("account_id")
);

CREATE TABLE "deleted_account_totals" (
    "account_id" UUID NOT NULL,
    "month" DATE NOT NULL,
    "country" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "messages" BIGINT NOT NULL,
    "segments" BIGINT NOT NULL,
    "cost" DECIMAL NOT NULL,

    CONSTRAINT "deleted_account_totals_pkey" PRIMARY KEY ("account_id","month","country","currency")
);

-- Every key and webhook of a suspended account ends in every process at once, whoever suspends it and however.
CREATE FUNCTION "notify_account_suspended"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('smsgraph_api_keys', ''), pg_notify('smsgraph_webhooks', '');
  RETURN NULL;
END
$$;

CREATE TRIGGER "account_suspended"
AFTER UPDATE OF "suspended_at" ON "accounts"
FOR EACH ROW
WHEN (OLD."suspended_at" IS DISTINCT FROM NEW."suspended_at")
EXECUTE FUNCTION "notify_account_suspended"();
