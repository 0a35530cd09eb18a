create index concurrently if not exists "audit_log_account_id_tx_seq_idx" on "audit_log"("account_id", "tx", "seq");
