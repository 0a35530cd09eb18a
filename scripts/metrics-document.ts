import { addGauges, createMetrics } from "../src/lib/metrics.ts";

/** What to watch of each metric of ours, for `docs/metrics.md`. */
const watch: Readonly<Record<string, string>> = {
  smsgraph_callbacks_total:
    "`accepted` is the rule. `quarantined`, `malformed`: the provider has changed its format. `wrong_secret`: it still has an old URL. `over_quota`, `unavailable`: receipts are refused, and the provider must send them again.",
  smsgraph_receipts_total:
    "`applied` beside those ignored with their reason. `parked` that stays high, `unknown` and `dropped`: receipts of messages that are not ours.",
  smsgraph_unknown_status_words_total: "A rise: the provider uses a word that the adapter does not know.",
  smsgraph_submission_seconds:
    "p95 by provider. Above 5 s it is in trouble; above 30 s requests end as `ambiguous`.",
  smsgraph_submitted_messages_total:
    "The share of `rejected`, `retryable` and `ambiguous` by provider. `ambiguous` messages are not sent again before it is known what became of them.",
  smsgraph_event_lag_seconds:
    "p99 under a second. More: a writing transaction is open for long in the database server, or the process is too busy.",
  smsgraph_low_balances_total: "Any rise: top the account up.",
  smsgraph_overdue_messages_total:
    "A rise by provider: receipts do not come. Check that the provider has the callback URL, and its own status page.",
  smsgraph_failed_jobs_total: "A steady rise by task: the log has the errors. Failed runs are tried again.",
  smsgraph_webhook_requests_total: "The share that is not `delivered`.",
  smsgraph_webhook_lag_seconds:
    "p99 under a second while endpoints answer; an endpoint that fails raises it by its retries.",
  smsgraph_disabled_webhooks_total: "Any rise: an account no longer gets its events there.",
  smsgraph_relayed_events_total: "With `NATS_URL`: as many as are logged, at one worker at a time.",
  smsgraph_live_repairs_total:
    "With `NATS_URL`: a few when subscriptions begin. A steady rise: NATS loses what it should deliver.",
  smsgraph_live_from_nats:
    "With `NATS_URL`: 1 at every process that has readers. 0 for long: NATS or the relay is away, and PostgreSQL serves each process.",
  smsgraph_relay_leading: "With `NATS_URL`: the sum over all workers is 1.",
  smsgraph_queries_total:
    "With `DATABASE_READ_URL`: a share of `primary` that stays high. The replica is too far behind, or away.",
  smsgraph_replica_lag_seconds:
    "With `DATABASE_READ_URL`: under a second. Above 10 s queries are read from the primary.",
  smsgraph_internal_errors_total: "Any rise: the log has each error under the id that the client saw.",
  smsgraph_subscriptions: "A sudden fall without a deployment: clients have lost their connection.",
  smsgraph_waiting_readers:
    "About as many as there are different subscriptions; far fewer for long: readers do not keep up.",
};

/** A metric as `/metrics` has it. */
interface DescribedMetric {
  name: string;
  type: string;
  help: string;
  labelNames: readonly string[];
}

/** Every metric of `/metrics`, those of prom-client about the process too. */
export function describeMetrics(): DescribedMetric[] {
  const metrics = createMetrics();
  addGauges(metrics, { subscriptions: () => 0, waitingReaders: () => 0, replica: { lagSeconds: 0 } });
  // The types of prom-client leave out the names of the labels.
  return metrics.registry.getMetricsAsArray() as unknown as DescribedMetric[];
}

const ours = (): DescribedMetric[] => describeMetrics().filter(({ name }) => name.startsWith("smsgraph_"));

/** What stands in `docs/metrics.md`. @throws Error for a metric of which nobody says what to watch */
export function metricsDocument(): string {
  const rows = ours().map(({ name, type, labelNames, help }) => {
    const advice = watch[name];
    if (advice === undefined)
      throw new Error(`scripts/metrics-document.ts does not say what to watch of ${name}`);
    const labels = labelNames.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${labels} | ${help} | ${advice} |`;
  });
  return `# Metrics

Printed from the code by \`npm run docs\`.

\`/metrics\` has them in Prometheus's format, for each process: those of an API process on \`PORT\`, those of a worker on
\`WORKER_PORT\`. \`METRICS_TOKEN\` guards them ([Deployment](deployment.md)). No label contains a number, a text or an account.
[deploy/prometheus/alerts.yml](../deploy/prometheus/alerts.yml) has alert rules over them, and
[deploy/grafana](../deploy/grafana/dashboards/smsgraph.json) a dashboard.

| metric | type | labels | meaning | what to watch |
|---|---|---|---|---|
${rows.join("\n")}

Beside these are the metrics of prom-client about the process, \`process_*\` and \`nodejs_*\`. Watch
\`nodejs_eventloop_lag_p99_seconds\` (more than 0.2: the process is too busy) and \`process_resident_memory_bytes\`.
`;
}
