CREATE TABLE "trusted_documents" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "trusted_documents_pkey" PRIMARY KEY ("id")
);

CREATE FUNCTION "notify_trusted_documents"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('smsgraph_trusted_documents', '');
  RETURN NULL;
END
$$;

CREATE TRIGGER "trusted_documents_changed"
AFTER INSERT OR UPDATE OR DELETE ON "trusted_documents"
FOR EACH STATEMENT EXECUTE FUNCTION "notify_trusted_documents"();
