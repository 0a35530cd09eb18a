drop index if exists compat_reports_due_idx;
