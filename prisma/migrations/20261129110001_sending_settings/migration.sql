CREATE TABLE "sending_settings" (
    "account_id" UUID NOT NULL,
    "default_country" TEXT,
    "unreachable_numbers" TEXT NOT NULL,
    "sender_rules" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sending_settings_pkey" PRIMARY KEY ("account_id")
);

CREATE TABLE "duplicate_recipients" (
    "campaign_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "recipient" TEXT NOT NULL,

    CONSTRAINT "duplicate_recipients_pkey" PRIMARY KEY ("campaign_id", "position")
);

-- The recipients of campaigns that keep repeated numbers. What reads or deletes recipients finds these too; only the unique
-- number of a campaign does not hold here.
CREATE TABLE "repeated_recipients" (LIKE "campaign_recipients");
ALTER TABLE "repeated_recipients" ADD CONSTRAINT "repeated_recipients_pkey" PRIMARY KEY ("campaign_id", "position");
-- From PostgreSQL 18 on, that a column is not null has a name, which was copied.
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT conname FROM pg_constraint WHERE conrelid = 'repeated_recipients'::regclass AND contype = 'n' LOOP
        EXECUTE format('ALTER TABLE "repeated_recipients" RENAME CONSTRAINT %I TO %I', found.conname,
            replace(found.conname, 'campaign_recipients', 'repeated_recipients'));
    END LOOP;
END $$;
ALTER TABLE "repeated_recipients" INHERIT "campaign_recipients";
