drop index if exists compat_reports_origin_idx;
