import { z } from "zod";
import { defaultSubscriptionLimits, type SubscriptionLimits } from "./access/allowance.ts";
import type { WebSettings } from "./http/browser-guard.ts";
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
const port = wholeNumber(0, 65_535);
const httpUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .refine(isPlainUrl, "must have no user name, password, query or fragment")
  .transform((url) => url.replace(/\/+$/, ""));
const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: "must be a URL that starts with postgresql://",
});
const base64Of32Bytes = /^[A-Za-z0-9+/]{43}=$/;
const secretKey = z
  .string()
  .regex(base64Of32Bytes, "must be 32 random bytes in base64; make one with `openssl rand -base64 32`");

// Characters that a client can send in an `Authorization` header.
const developmentKey = z
  .string()
  .regex(/^[\x21-\x7e]{16,200}$/, "must be 16 to 200 characters without spaces");

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== ""));
const isOrigin = (text: string): boolean => text === "*" || URL.parse(text)?.origin === text;
const isHost = (text: string): boolean => /^(\*|[a-z0-9_.-]+)$/i.test(text);

const environment = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  PORT: port.default(4000),
  HOST: z.string().optional(),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_POOL_SIZE: wholeNumber(2, 200).default(20),
  PUBLIC_URL: httpUrl.optional(),
  ROLE: z.enum(["api", "worker", "all"]).default("all"),
  DATA_DIR: z.string().default(".data"),
  SANDBOX: flag.optional(),
  SANDBOX_PORT: port.default(0),
  DEVELOPMENT_KEY: developmentKey.optional(),
  SECRET_KEY: secretKey.optional(),
  WORKER_CONCURRENCY: wholeNumber(1, 1000).default(20),
  WORKER_PORT: port.optional(),
  MAX_SUBSCRIPTIONS_PER_SOCKET: wholeNumber(1, 1_000_000).default(
    defaultSubscriptionLimits.subscriptionsPerSocket,
  ),
  MAX_SUBSCRIPTIONS_PER_ACCOUNT: wholeNumber(1, 10_000_000).default(
    defaultSubscriptionLimits.subscriptionsPerAccount,
  ),
  MAX_SOCKETS_PER_ACCOUNT: wholeNumber(1, 1_000_000).default(defaultSubscriptionLimits.socketsPerAccount),
  EVENT_RETENTION_DAYS: wholeNumber(1, 36_500).default(90),
  MESSAGE_RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  TEXT_RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  ALLOW_INSECURE_PROVIDERS: flag.default(false),
  ALLOW_PRIVATE_PROVIDERS: flag.optional(),
  MAX_PROVIDERS_PER_ACCOUNT: wholeNumber(1, 10_000).default(100),
  ALLOWED_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), "must be origins such as https://app.example.com, or *")
    .default([]),
  ALLOWED_HOSTS: list
    .refine((hosts) => hosts.every(isHost), "must be names such as sms.example.com, without a port, or *")
    .default([]),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: flag.optional(),
  METRICS: flag.optional(),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,200}$/, "must be 16 to 200 characters without spaces")
    .optional(),
  ALLOW_INSECURE_WEBHOOKS: flag.default(false),
  ALLOW_PRIVATE_WEBHOOKS: flag.optional(),
  MAX_WEBHOOKS_PER_ACCOUNT: wholeNumber(1, 10_000).default(100),
  MAX_SEGMENTS: wholeNumber(1, 255).default(10),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .trim()
    .regex(/^(0|1|0?\.\d{1,9}|[01]\.0+)$/, "must be a share from 0 to 1, such as 0.1")
    .transform(Number)
    .default(1),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).optional(),
});

export interface Config {
  production: boolean;
  port: number;
  host: string;
  /** Absent: an embedded PostgreSQL in `dataDirectory`. */
  databaseUrl: string | undefined;
  databasePoolSize: number;
  /** Where providers and people reach us. Absent: the address we listen on. */
  publicUrl: string | undefined;
  runsApi: boolean;
  runsWorker: boolean;
  dataDirectory: string;
  sandbox: boolean;
  sandboxPort: number;
  developmentKey: string | undefined;
  /** 32 bytes in base64. Absent in development: made once and kept in `dataDirectory`. */
  secretKey: string | undefined;
  workerConcurrency: number;
  /** Where a process that is only a worker tells how it is. Absent: nowhere. */
  workerPort: number | undefined;
  subscriptionLimits: SubscriptionLimits;
  /** How long events are kept; older cursors are reset. */
  eventRetentionDays: number;
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

/** In production nothing is shown without a key, unless it is turned on. */
function toWebSettings(values: z.infer<typeof environment>, production: boolean): WebSettings {
  return {
    allowedOrigins: values.ALLOWED_ORIGINS,
    allowedHosts: values.ALLOWED_HOSTS,
    graphiql: values.GRAPHIQL ?? !production,
    introspection: values.INTROSPECTION ?? !production,
    metrics: values.METRICS ?? (!production || values.METRICS_TOKEN !== undefined),
    metricsToken: values.METRICS_TOKEN,
  };
}

/** Distinct bytes in a key: 32 random bytes have about 30, and practically never fewer than this. */
const minDifferentBytes = 16;

/** Values that are fine in development but unsafe in production. */
function unsafe(values: Record<string, string | undefined>): string[] {
  if (values["NODE_ENV"] !== "production") return [];
  const { SECRET_KEY, PUBLIC_URL } = values;
  const problems: string[] = [];
  const isSimple = new Set(Buffer.from(SECRET_KEY ?? "", "base64")).size < minDifferentBytes;
  if (SECRET_KEY !== undefined && base64Of32Bytes.test(SECRET_KEY) && isSimple)
    problems.push("SECRET_KEY: can be guessed; make one with `openssl rand -base64 32`");
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
    databasePoolSize: values.DATABASE_POOL_SIZE,
    publicUrl: values.PUBLIC_URL,
    runsApi: values.ROLE !== "worker",
    runsWorker: values.ROLE !== "api",
    dataDirectory: values.DATA_DIR,
    sandbox: values.SANDBOX ?? !production,
    sandboxPort: values.SANDBOX_PORT,
    developmentKey: values.DEVELOPMENT_KEY,
    secretKey: values.SECRET_KEY,
    workerConcurrency: values.WORKER_CONCURRENCY,
    workerPort: values.WORKER_PORT,
    subscriptionLimits: {
      subscriptionsPerSocket: values.MAX_SUBSCRIPTIONS_PER_SOCKET,
      subscriptionsPerAccount: values.MAX_SUBSCRIPTIONS_PER_ACCOUNT,
      socketsPerAccount: values.MAX_SOCKETS_PER_ACCOUNT,
    },
    eventRetentionDays: values.EVENT_RETENTION_DAYS,
    retention: { messageDays: values.MESSAGE_RETENTION_DAYS, textDays: values.TEXT_RETENTION_DAYS },
    allowInsecureProviders: values.ALLOW_INSECURE_PROVIDERS,
    maxProvidersPerAccount: values.MAX_PROVIDERS_PER_ACCOUNT,
    allowInsecureWebhooks: values.ALLOW_INSECURE_WEBHOOKS,
    allowPrivateWebhooks: values.ALLOW_PRIVATE_WEBHOOKS ?? !production,
    maxWebhooksPerAccount: values.MAX_WEBHOOKS_PER_ACCOUNT,
    web: toWebSettings(values, production),
    maxSegments: values.MAX_SEGMENTS,
    allowPrivateProviders: values.ALLOW_PRIVATE_PROVIDERS ?? !production,
    tracing:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : { endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: values.OTEL_TRACES_SAMPLER_ARG },
    logLevel: values.LOG_LEVEL ?? "info",
  };
}
