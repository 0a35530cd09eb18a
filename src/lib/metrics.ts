import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/** What is counted at the moment the metrics are read. */
interface GaugeSources {
  subscriptions: () => number;
  waitingReaders: () => number;
  /** Absent: NATS is not used. */
  liveTier?: LiveTierState | undefined;
  /** Absent: there is no replica for queries. */
  replica?: ReplicaState | undefined;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How this process gets and passes on events. */
interface LiveTierState {
  readonly isLive: boolean;
  readonly isRelaying: boolean;
}

/** The replica that answers queries. */
interface ReplicaState {
  /** Infinite when it is not known. */
  readonly lagSeconds: number;
}

/** Metrics for Prometheus. No label contains a number, a text or an account. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    callbacks: new Counter({
      name: "smsgraph_callbacks_total",
      help: "Callback requests by what became of them",
      labelNames: ["result", "provider"],
      registers,
    }),
    receipts: new Counter({
      name: "smsgraph_receipts_total",
      help: "Receipts from callbacks by what became of them",
      labelNames: ["outcome", "provider"],
      registers,
    }),
    unknownWords: new Counter({
      name: "smsgraph_unknown_status_words_total",
      help: "Receipts with status UNKNOWN, which is also what an unknown word means",
      labelNames: ["provider"],
      registers,
    }),
    submissions: new Histogram({
      name: "smsgraph_submission_seconds",
      help: "Time a provider takes to answer a request with one message or many, by outcome",
      labelNames: ["provider", "outcome"],
      buckets: seconds,
      registers,
    }),
    submittedMessages: new Counter({
      name: "smsgraph_submitted_messages_total",
      help: "Messages by the outcome of their submission",
      labelNames: ["provider", "outcome"],
      registers,
    }),
    eventLag: new Histogram({
      name: "smsgraph_event_lag_seconds",
      help: "From storing the oldest event of a batch to handing the batch to the subscriptions of this process",
      buckets: seconds,
      registers,
    }),
    lowBalances: new Counter({
      name: "smsgraph_low_balances_total",
      help: "Balances that fell below their provider's threshold",
      labelNames: ["provider"],
      registers,
    }),
    overdueMessages: new Counter({
      name: "smsgraph_overdue_messages_total",
      help: "Messages whose final receipt has not come in the time that is usual for provider and country",
      labelNames: ["provider"],
      registers,
    }),
    failedJobs: new Counter({
      name: "smsgraph_failed_jobs_total",
      help: "Job runs that threw and will be tried again",
      labelNames: ["task"],
      registers,
    }),
    webhookRequests: new Counter({
      name: "smsgraph_webhook_requests_total",
      help: "Requests to the endpoints of webhooks by their outcome",
      labelNames: ["outcome"],
      registers,
    }),
    webhookLag: new Histogram({
      name: "smsgraph_webhook_lag_seconds",
      help: "From storing an event to its delivery to a webhook",
      buckets: [...seconds, 60, 300, 3600],
      registers,
    }),
    disabledWebhooks: new Counter({
      name: "smsgraph_disabled_webhooks_total",
      help: "Webhooks that were disabled because their endpoint takes no events",
      registers,
    }),
    relayedEvents: new Counter({
      name: "smsgraph_relayed_events_total",
      help: "Events that this worker has published to NATS",
      registers,
    }),
    liveRepairs: new Counter({
      name: "smsgraph_live_repairs_total",
      help: "Times that events did not come from NATS and were read from PostgreSQL in between",
      registers,
    }),
    queriesFrom: new Counter({
      name: "smsgraph_queries_total",
      help: "Queries by where they were read, with a replica for them",
      labelNames: ["from"],
      registers,
    }),
    internalErrors: new Counter({
      name: "smsgraph_internal_errors_total",
      help: "Errors whose text was kept from a client",
      registers,
    }),
  };
}

export function addGauges({ registry }: Metrics, sources: GaugeSources): void {
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge("smsgraph_subscriptions", "Open subscriptions of this process", sources.subscriptions);
  gauge("smsgraph_waiting_readers", "Readers waiting for the next event", sources.waitingReaders);
  const { liveTier, replica } = sources;
  gauge("smsgraph_live_from_nats", "1 while this process gets its events from NATS", () =>
    liveTier?.isLive === true ? 1 : 0,
  );
  gauge("smsgraph_relay_leading", "1 while this process publishes the events to NATS", () =>
    liveTier?.isRelaying === true ? 1 : 0,
  );
  if (replica)
    gauge(
      "smsgraph_replica_lag_seconds",
      "How far the replica for queries is behind",
      () => replica.lagSeconds,
    );
}
