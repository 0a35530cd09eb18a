import { z } from "zod";
import { defaultSubscriptionLimits, type SubscriptionLimits } from "./access/allowance.ts";
import { defaultQuotas, type QuotaLimits } from "./accounts/quotas.ts";
import { defaultRateLimits, type LimitKind, type RateLimits } from "./access/rate-limits.ts";
import { leastAuditDays } from "./audit/forget.ts";
import type { WebSettings } from "./http/browser-guard.ts";
import { urlsOf } from "./database/hosts.ts";
import { parseAddressRange, type AddressRange } from "./lib/address-ranges.ts";
import { readNatsUrl, type NatsSettings } from "./messages/jetstream/settings.ts";
import type { TracingSettings } from "./tracing/tracing.ts";

/** The environment cannot be used. The message lists every problem. */
export class ConfigError extends Error {}

const flag = z.stringbool({ truthy: ["true", "1", "yes", "on"], falsy: ["false", "0", "no", "off"] });
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));
/** For each key; 0 for no limit. */
const rateLimit = (usual: number) => wholeNumber(0, 100_000_000).default(usual);
const port = wholeNumber(0, 65_535);
const httpUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .refine(isPlainUrl, "must have no user name, password, query or fragment")
  .transform((url) => url.replace(/\/+$/, ""));
const postgresUrl = z
  .string()
  .refine(
    (text) => urlsOf(text).every((url) => /^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? "")),
    "must be a URL that starts with postgresql://",
  );
const base64Of32Bytes = /^[A-Za-z0-9+/]{43}=$/;
const secretKey = z
  .string()
  .regex(base64Of32Bytes, "must be 32 random bytes in base64; make one with `openssl rand -base64 32`");

// Characters that a client can send in an `Authorization` header.
const developmentKey = z
  .string()
  .regex(/^[\x21-\x7e]{16,200}$/, "must be 16 to 200 characters without spaces");

const operatorKeys = z
  .string()
  .regex(
    /^[\x21-\x2b\x2d-\x7e]{32,200}(,[\x21-\x2b\x2d-\x7e]{32,200})*$/,
    "must be 32 to 200 characters without spaces; make one with `openssl rand -hex 32`. While one replaces another, both with a comma between them",
  );

const introspection = z.union([z.literal("keys"), flag], { error: "must be true, false or keys" });

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== ""));
const isOrigin = (text: string): boolean => text === "*" || URL.parse(text)?.origin === text;
const compatVendors = ["tikosms", "tonkra", "telekom", "qikli"] as const;
const compatHost = /^([a-z0-9_.-]+)=(tikosms|tonkra|telekom|qikli)$/i;
const isHost = (text: string): boolean => /^(\*|[a-z0-9_.-]+)$/i.test(text);

const environment = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  PORT: port.default(4000),
  HOST: z.string().optional(),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_READ_URL: postgresUrl
    .refine(
      (url) => urlsOf(url).length === 1,
      "must name one host; each process may have a replica of its own",
    )
    .optional(),
  DATABASE_POOL_SIZE: wholeNumber(2, 200).default(20),
  DATABASE_WAIT_SECONDS: wholeNumber(0, 3_600).default(30),
  PUBLIC_URL: httpUrl.optional(),
  ROLE: z.enum(["api", "worker", "all"]).default("all"),
  DATA_DIR: z.string().default(".data"),
  SANDBOX: flag.optional(),
  SANDBOX_PORT: port.default(0),
  DEVELOPMENT_KEY: developmentKey.optional(),
  OPERATOR_KEY: operatorKeys.optional(),
  TRUSTED_DOCUMENTS_ONLY: flag.default(false),
  KEEP_DELETED_TOTALS: flag.default(true),
  SECRET_KEY: secretKey.optional(),
  SECRET_KEY_OTHER: secretKey.optional(),
  WORKER_CONCURRENCY: wholeNumber(1, 1000).default(20),
  WORKER_PORT: port.optional(),
  MAX_SUBSCRIPTIONS_PER_SOCKET: wholeNumber(1, 1_000_000).default(
    defaultSubscriptionLimits.subscriptionsPerSocket,
  ),
  MAX_SUBSCRIPTIONS_PER_ACCOUNT: wholeNumber(1, 10_000_000).default(
    defaultSubscriptionLimits.subscriptionsPerAccount,
  ),
  MAX_SOCKETS_PER_ACCOUNT: wholeNumber(1, 1_000_000).default(defaultSubscriptionLimits.socketsPerAccount),
  MAX_REQUESTS_PER_SECOND: rateLimit(defaultRateLimits.requests),
  MAX_COST_PER_SECOND: rateLimit(defaultRateLimits.cost),
  MAX_SENDS_PER_SECOND: rateLimit(defaultRateLimits.sends),
  MAX_SUBSCRIPTIONS_PER_SECOND: rateLimit(defaultRateLimits.subscriptions),
  MAX_SOCKETS_PER_SECOND: rateLimit(defaultRateLimits.sockets),
  MAX_UPLOADS_PER_MINUTE: rateLimit(defaultRateLimits.uploads * 60),
  EVENT_RETENTION_DAYS: wholeNumber(1, 36_500).default(90),
  AUDIT_RETENTION_DAYS: wholeNumber(leastAuditDays, 36_500).default(730),
  MESSAGE_RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  TEXT_RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  TRUST_PROXY: list
    .refine(
      (ranges) => ranges.every((text) => parseAddressRange(text)),
      "must be addresses or networks such as 10.0.0.0/8",
    )
    .default([]),
  ALLOW_INSECURE_PROVIDERS: flag.default(false),
  ALLOW_PRIVATE_PROVIDERS: flag.optional(),
  MAX_PROVIDERS_PER_ACCOUNT: wholeNumber(1, 10_000).default(100),
  ALLOWED_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), "must be origins such as https://app.example.com, or *")
    .default([]),
  ALLOWED_HOSTS: list
    .refine((hosts) => hosts.every(isHost), "must be names such as sms.example.com, without a port, or *")
    .default([]),
  COMPAT_HOSTS: list
    .refine(
      (entries) => entries.every((text) => compatHost.test(text)),
      "must be entries such as tikosms.example.com=tikosms, with one of tikosms, tonkra, telekom, qikli",
    )
    .default([]),
  CONSOLE: flag.default(true),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: introspection.optional(),
  METRICS: flag.optional(),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,200}$/, "must be 16 to 200 characters without spaces")
    .optional(),
  ALLOW_INSECURE_WEBHOOKS: flag.default(false),
  ALLOW_PRIVATE_WEBHOOKS: flag.optional(),
  MAX_WEBHOOKS_PER_ACCOUNT: wholeNumber(1, 10_000).default(100),
  MAX_KEYS_PER_ACCOUNT: wholeNumber(1, 1_000_000).default(defaultQuotas.KEYS),
  MAX_CAMPAIGNS_PER_ACCOUNT: wholeNumber(1, 1_000_000).default(defaultQuotas.CAMPAIGNS),
  MAX_STORED_MESSAGES_PER_ACCOUNT: wholeNumber(1, 999_999_999).optional(),
  MAX_SEGMENTS: wholeNumber(1, 255).default(10),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .trim()
    .regex(/^(0|1|0?\.\d{1,9}|[01]\.0+)$/, "must be a share from 0 to 1, such as 0.1")
    .transform(Number)
    .default(1),
  NATS_URL: z
    .string()
    .refine(
      (text) => readNatsUrl(text) !== undefined,
      "must be a URL such as nats://user:password@nats-1:4222, or several with commas that differ only in the server; tls:// for TLS",
    )
    .optional(),
  NATS_CREDENTIALS: z.string().optional(),
  NATS_PREFIX: z
    .string()
    .regex(/^[a-z0-9_-]{1,32}$/, "must be 1 to 32 small letters, digits, - or _")
    .default("smsgraph"),
  NATS_REPLICAS: wholeNumber(1, 5).default(1),
  NATS_RETENTION_HOURS: wholeNumber(1, 8_760).default(24),
  NATS_MAX_MEGABYTES: wholeNumber(1, 99_999_999).optional(),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).optional(),
});

export interface Config {
  production: boolean;
  port: number;
  host: string;
  /** Absent: an embedded PostgreSQL in `dataDirectory`. */
  databaseUrl: string | undefined;
  /** A replica that answers queries. Absent: the database does. */
  databaseReadUrl: string | undefined;
  databasePoolSize: number;
  /** How long a start waits for a database that does not answer yet. */
  databaseWaitSeconds: number;
  /** Where providers and people reach us. Absent: the address we listen on. */
  publicUrl: string | undefined;
  runsApi: boolean;
  runsWorker: boolean;
  dataDirectory: string;
  sandbox: boolean;
  sandboxPort: number;
  developmentKey: string | undefined;
  /** The key of those who run the installation, or two with a comma between them. */
  operatorKey: string | undefined;
  /** Whether only documents are executed that `npm run trust` stored. */
  trustedDocumentsOnly: boolean;
  /** Whether messages and costs by month are kept of a deleted account. */
  keepsDeletedTotals: boolean;
  /** 32 bytes in base64. Absent in development: made once and kept in `dataDirectory`. */
  secretKey: string | undefined;
  /** The key before or after it, which is read as well while one replaces the other (`npm run secrets:rotate`). */
  otherSecretKey: string | undefined;
  workerConcurrency: number;
  /** Where a process that is only a worker tells how it is. Absent: nowhere. */
  workerPort: number | undefined;
  subscriptionLimits: SubscriptionLimits;
  /** How much an account may have beside providers and webhooks. */
  quotas: Pick<QuotaLimits, "KEYS" | "CAMPAIGNS" | "STORED_MESSAGES">;
  /** How much each key may do in a second. */
  rateLimits: RateLimits;
  /** How long events are kept; older cursors are reset. */
  eventRetentionDays: number;
  /** How long entries of the audit log are kept. */
  auditRetentionDays: number;
  /** The proxies in front of us whose `X-Forwarded-For` counts. */
  trustedProxies: readonly AddressRange[];
  /** Host names at whose root one of the served APIs of other vendors is. */
  compatHosts: ReadonlyMap<string, "tikosms" | "tonkra" | "telekom" | "qikli">;
  /** How long messages, and their texts and numbers, are kept; undefined: forever. */
  retention: { messageDays: number | undefined; textDays: number | undefined };
  allowInsecureProviders: boolean;
  /** Whether providers may be in networks that only this machine can reach. */
  allowPrivateProviders: boolean;
  maxProvidersPerAccount: number;
  /** Whether webhooks may be posted over plain `http:`. */
  allowInsecureWebhooks: boolean;
  /** Whether webhooks may be in networks that only this machine can reach. */
  allowPrivateWebhooks: boolean;
  maxWebhooksPerAccount: number;
  /** What pages of other origins, and people without a key, may see. */
  web: WebSettings;
  /** The most segments one message may have. */
  maxSegments: number;
  /** Absent: API processes read the event log from PostgreSQL. */
  nats: NatsSettings | undefined;
  /** Absent: nothing is traced. */
  tracing: TracingSettings | undefined;
  logLevel: string;
}

/** Parses the environment once. @throws ConfigError naming every wrong variable, and why it is wrong */
export function readConfig(variables: Record<string, string | undefined>): Config {
  // Many tools write an absent variable as an empty one.
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(set);
  const problems = [...(parsed.error?.issues.map(describe) ?? []), ...missing(set), ...unsafe(set)];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(
      `The configuration has problems:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
    );
  }
  return toConfig(parsed.data);
}

const describe = (issue: z.core.$ZodIssue): string => `${issue.path.join(".")}: ${issue.message}`;

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url === null || `${url.username}${url.password}${url.search}${url.hash}` === "";
}

/**
 * Variables that are required in production. Checks the raw values, because others may be wrong at the same
 * time.
 */
function missing(values: Record<string, string | undefined>): string[] {
  if (values["NODE_ENV"] !== "production") return [];
  const needed = [
    ["DATABASE_URL", "the embedded PostgreSQL is for development"],
    ["SECRET_KEY", "provider credentials are encrypted with it; make one with `openssl rand -base64 32`"],
    ["PUBLIC_URL", "providers post their receipts there"],
  ] as const;
  return needed
    .filter(([name]) => values[name] === undefined)
    .map(([name, why]) => `${name}: required in production, since ${why}`);
}

const toCompatHosts = (entries: readonly string[]): Config["compatHosts"] =>
  new Map(
    entries.flatMap((entry) => {
      const [host = "", name] = entry.toLowerCase().split("=");
      const vendor = compatVendors.find((one) => one === name);
      return vendor === undefined ? [] : [[host, vendor] as const];
    }),
  );

/** In production nothing is shown without a key, unless it is turned on. */
function toWebSettings(values: z.infer<typeof environment>, production: boolean): WebSettings {
  const graphiql = values.GRAPHIQL ?? !production;
  return {
    allowedOrigins: values.ALLOWED_ORIGINS,
    allowedHosts: values.ALLOWED_HOSTS,
    console: values.CONSOLE,
    graphiql,
    introspection: introspectionOf(values.INTROSPECTION, { production, graphiql }),
    metrics: values.METRICS ?? (!production || values.METRICS_TOKEN !== undefined),
    metricsToken: values.METRICS_TOKEN,
  };
}

/** GraphiQL needs the schema: whoever switches it on in production gets it with a key. */
function introspectionOf(
  set: z.infer<typeof introspection> | undefined,
  { production, graphiql }: { production: boolean; graphiql: boolean },
): WebSettings["introspection"] {
  if (set === "keys") return set;
  if (set !== undefined) return set ? "everyone" : "nobody";
  if (!production) return "everyone";
  return graphiql ? "keys" : "nobody";
}

function toRateLimits(values: z.infer<typeof environment>): RateLimits {
  const limits: [LimitKind, number][] = [
    ["requests", values.MAX_REQUESTS_PER_SECOND],
    ["cost", values.MAX_COST_PER_SECOND],
    ["sends", values.MAX_SENDS_PER_SECOND],
    ["subscriptions", values.MAX_SUBSCRIPTIONS_PER_SECOND],
    ["sockets", values.MAX_SOCKETS_PER_SECOND],
    ["uploads", values.MAX_UPLOADS_PER_MINUTE / 60],
  ];
  return Object.fromEntries(limits.filter(([, limit]) => limit > 0));
}

function toNats(values: z.infer<typeof environment>): NatsSettings | undefined {
  const reach = values.NATS_URL === undefined ? undefined : readNatsUrl(values.NATS_URL);
  return (
    reach && {
      ...reach,
      credentialsFile: values.NATS_CREDENTIALS,
      prefix: values.NATS_PREFIX,
      replicas: values.NATS_REPLICAS,
      retentionHours: values.NATS_RETENTION_HOURS,
      maxMegabytes: values.NATS_MAX_MEGABYTES,
    }
  );
}

/** Distinct bytes in a key: 32 random bytes have about 30, and practically never fewer than this. */
const minDifferentBytes = 16;

/** Distinct characters in a key: 16 random hexadecimal digits have about 10, and practically never fewer than this. */
const minDifferentCharacters = 5;

/** Secrets that an attacker would try. */
function guessable(values: Record<string, string | undefined>): string[] {
  const keys = ["SECRET_KEY", "SECRET_KEY_OTHER"].filter((name) => {
    const key = values[name] ?? "";
    return base64Of32Bytes.test(key) && new Set(Buffer.from(key, "base64")).size < minDifferentBytes;
  });
  const words = ["OPERATOR_KEY", "METRICS_TOKEN"].filter((name) =>
    values[name]?.split(",").some((word) => new Set(word).size < minDifferentCharacters),
  );
  return [
    ...keys.map((name) => `${name}: can be guessed; make one with \`openssl rand -base64 32\``),
    ...words.map((name) => `${name}: can be guessed; make one with \`openssl rand -hex 32\``),
  ];
}

/** Values that are fine in development but unsafe in production. */
function unsafe(values: Record<string, string | undefined>): string[] {
  if (values["NODE_ENV"] !== "production") return [];
  const { PUBLIC_URL } = values;
  const problems = guessable(values);
  if (PUBLIC_URL !== undefined && /^http:/i.test(PUBLIC_URL.trim()))
    problems.push(
      "PUBLIC_URL: must start with https: in production, since API keys and receipts travel there",
    );
  return problems;
}

function toConfig(values: z.infer<typeof environment>): Config {
  const production = values.NODE_ENV === "production";
  return {
    production,
    port: values.PORT,
    host: values.HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    databaseUrl: values.DATABASE_URL,
    databaseReadUrl: values.DATABASE_READ_URL,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    databaseWaitSeconds: values.DATABASE_WAIT_SECONDS,
    publicUrl: values.PUBLIC_URL,
    runsApi: values.ROLE !== "worker",
    runsWorker: values.ROLE !== "api",
    dataDirectory: values.DATA_DIR,
    sandbox: values.SANDBOX ?? !production,
    sandboxPort: values.SANDBOX_PORT,
    developmentKey: values.DEVELOPMENT_KEY,
    operatorKey: values.OPERATOR_KEY,
    trustedDocumentsOnly: values.TRUSTED_DOCUMENTS_ONLY,
    keepsDeletedTotals: values.KEEP_DELETED_TOTALS,
    secretKey: values.SECRET_KEY,
    otherSecretKey: values.SECRET_KEY_OTHER,
    workerConcurrency: values.WORKER_CONCURRENCY,
    workerPort: values.WORKER_PORT,
    subscriptionLimits: {
      subscriptionsPerSocket: values.MAX_SUBSCRIPTIONS_PER_SOCKET,
      subscriptionsPerAccount: values.MAX_SUBSCRIPTIONS_PER_ACCOUNT,
      socketsPerAccount: values.MAX_SOCKETS_PER_ACCOUNT,
    },
    quotas: {
      KEYS: values.MAX_KEYS_PER_ACCOUNT,
      CAMPAIGNS: values.MAX_CAMPAIGNS_PER_ACCOUNT,
      STORED_MESSAGES: values.MAX_STORED_MESSAGES_PER_ACCOUNT,
    },
    rateLimits: toRateLimits(values),
    eventRetentionDays: values.EVENT_RETENTION_DAYS,
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    trustedProxies: values.TRUST_PROXY.map(parseAddressRange).filter((range) => range !== undefined),
    compatHosts: toCompatHosts(values.COMPAT_HOSTS),
    retention: { messageDays: values.MESSAGE_RETENTION_DAYS, textDays: values.TEXT_RETENTION_DAYS },
    allowInsecureProviders: values.ALLOW_INSECURE_PROVIDERS,
    maxProvidersPerAccount: values.MAX_PROVIDERS_PER_ACCOUNT,
    allowInsecureWebhooks: values.ALLOW_INSECURE_WEBHOOKS,
    allowPrivateWebhooks: values.ALLOW_PRIVATE_WEBHOOKS ?? !production,
    maxWebhooksPerAccount: values.MAX_WEBHOOKS_PER_ACCOUNT,
    web: toWebSettings(values, production),
    maxSegments: values.MAX_SEGMENTS,
    allowPrivateProviders: values.ALLOW_PRIVATE_PROVIDERS ?? !production,
    nats: toNats(values),
    tracing:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : { endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: values.OTEL_TRACES_SAMPLER_ARG },
    logLevel: values.LOG_LEVEL ?? "info",
  };
}
