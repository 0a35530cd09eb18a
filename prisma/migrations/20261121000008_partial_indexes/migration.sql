-- DropIndex
DROP INDEX "messages_account_id_client_ref_id_idx";

-- DropIndex
DROP INDEX "messages_campaign_id_status_id_idx";

-- DropIndex
DROP INDEX "messages_provider_id_provider_message_id_idx";

-- DropIndex
DROP INDEX "messages_next_check_at_idx";

-- DropIndex
DROP INDEX "attempts_provider_id_finished_at_idx";

-- CreateIndex
CREATE INDEX "messages_account_id_client_ref_id_idx" ON "messages"("account_id", "client_ref", "id") WHERE (client_ref IS NOT NULL);

-- CreateIndex
CREATE INDEX "messages_campaign_id_status_id_idx" ON "messages"("campaign_id", "status", "id") WHERE (campaign_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "messages_provider_id_provider_message_id_idx" ON "messages"("provider_id", "provider_message_id") WHERE (provider_message_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "messages_next_check_at_idx" ON "messages"("next_check_at") WHERE (next_check_at IS NOT NULL);

-- CreateIndex
CREATE INDEX "attempts_provider_id_idx" ON "attempts"("provider_id") WHERE (finished_at IS NULL);
