import { randomBytes } from "node:crypto";
import { defaultRateLimits } from "../src/access/rate-limits.ts";
import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "../src/config.ts";
import type { NatsSettings } from "../src/messages/jetstream/settings.ts";
import { openSettings } from "../src/http/browser-guard.ts";

const secretKey = randomBytes(32).toString("base64");
const production = {
  NODE_ENV: "production",
  DATABASE_URL: "postgresql://smsgraph:password@db:5432/smsgraph",
  SECRET_KEY: secretKey,
  PUBLIC_URL: "https://sms.example.com",
};

const urlAdvice =
  "must be a URL such as nats://user:password@nats-1:4222, or several with commas that differ only in the server; tls:// for TLS";

/** What is set when only NATS_URL is. */
const natsAt = (reach: Partial<NatsSettings>): NatsSettings => ({
  servers: [],
  usesTls: false,
  user: undefined,
  password: undefined,
  token: undefined,
  credentialsFile: undefined,
  prefix: "smsgraph",
  replicas: 1,
  retentionHours: 24,
  maxMegabytes: undefined,
  ...reach,
});

/** The problems that the error lists. */
function problemsOf(variables: Record<string, string>): string[] {
  try {
    readConfig(variables);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n  - ").slice(1);
  }
  return [];
}

describe("with nothing set", () => {
  it("the settings needed to try smsgraph out all have defaults", () => {
    expect(readConfig({})).toEqual({
      production: false,
      port: 4000,
      host: "127.0.0.1",
      databaseUrl: undefined,
      databasePoolSize: 20,
      databaseWaitSeconds: 30,
      publicUrl: undefined,
      rateLimits: defaultRateLimits,
      quotas: { KEYS: 1000, CAMPAIGNS: 1000, STORED_MESSAGES: undefined },
      operatorKey: undefined,
      keepsDeletedTotals: true,
      trustedDocumentsOnly: false,
      runsApi: true,
      runsWorker: true,
      dataDirectory: ".data",
      sandbox: true,
      sandboxPort: 0,
      developmentKey: undefined,
      secretKey: undefined,
      workerConcurrency: 20,
      workerPort: undefined,
      subscriptionLimits: {
        subscriptionsPerSocket: 1_000,
        subscriptionsPerAccount: 20_000,
        socketsPerAccount: 20_000,
      },
      eventRetentionDays: 90,
      auditRetentionDays: 730,
      compatHosts: new Map(),
      trustedProxies: [],
      retention: { messageDays: undefined, textDays: undefined },
      allowInsecureProviders: false,
      allowPrivateProviders: true,
      maxProvidersPerAccount: 100,
      allowInsecureWebhooks: false,
      allowPrivateWebhooks: true,
      maxWebhooksPerAccount: 100,
      maxSegments: 10,
      web: openSettings,
      nats: undefined,
      tracing: undefined,
      logLevel: "info",
    });
  });

  it("an empty variable counts as not set, and one of others does not matter", () => {
    expect(readConfig({ PORT: "", DATABASE_URL: "", SANDBOX: "", PATH: "/bin" })).toEqual(readConfig({}));
  });
});

describe("what is set", () => {
  it.each([
    ["PORT", "0", { port: 0 }],
    ["PORT", " 8080 ", { port: 8080 }],
    ["HOST", "0.0.0.0", { host: "0.0.0.0" }],
    ["ROLE", "api", { runsApi: true, runsWorker: false }],
    ["ROLE", "worker", { runsApi: false, runsWorker: true }],
    ["SANDBOX", "false", { sandbox: false }],
    ["SANDBOX", "0", { sandbox: false }],
    ["SANDBOX", "YES", { sandbox: true }],
    ["PUBLIC_URL", "https://sms.example.com/", { publicUrl: "https://sms.example.com" }],
    ["PUBLIC_URL", "https://example.com/sms//", { publicUrl: "https://example.com/sms" }],
    ["DATABASE_URL", "postgres://localhost/x", { databaseUrl: "postgres://localhost/x" }],
    ["LOG_LEVEL", "trace", { logLevel: "trace" }],
    ["NATS_URL", "nats://n1", { nats: natsAt({ servers: ["n1:4222"] }) }],
    [
      "NATS_URL",
      "tls://me:p%40ss@n1:1,tls://n2:2",
      { nats: natsAt({ servers: ["n1:1", "n2:2"], usesTls: true, user: "me", password: "p@ss" }) },
    ],
    ["NATS_URL", "nats://secret@n1:4222", { nats: natsAt({ servers: ["n1:4222"], token: "secret" }) }],
    ["SECRET_KEY", secretKey, { secretKey }],
    ["ALLOW_INSECURE_PROVIDERS", "true", { allowInsecureProviders: true }],
    ["ALLOW_PRIVATE_PROVIDERS", "false", { allowPrivateProviders: false }],
    ["MAX_PROVIDERS_PER_ACCOUNT", "7", { maxProvidersPerAccount: 7 }],
    ["KEEP_DELETED_TOTALS", "false", { keepsDeletedTotals: false }],
    ["ALLOW_INSECURE_WEBHOOKS", "true", { allowInsecureWebhooks: true }],
    ["ALLOW_PRIVATE_WEBHOOKS", "false", { allowPrivateWebhooks: false }],
    ["MAX_WEBHOOKS_PER_ACCOUNT", "7", { maxWebhooksPerAccount: 7 }],
    ["ALLOWED_ORIGINS", "https://a.example, *", { web: { allowedOrigins: ["https://a.example", "*"] } }],
    ["ALLOWED_HOSTS", "api-1 b.example", { web: { allowedHosts: ["api-1", "b.example"] } }],
  ])("the setting %s=%j is read", (name, value, expected) => {
    expect(readConfig({ [name]: value })).toMatchObject(expected);
  });

  it("production listens on every address and starts no sandbox, unless told to", () => {
    expect(readConfig(production)).toMatchObject({ production: true, host: "0.0.0.0", sandbox: false });
    expect(readConfig(production)).toMatchObject({
      allowPrivateProviders: false,
      allowInsecureWebhooks: false,
      allowPrivateWebhooks: false,
    });
    expect(readConfig({ ...production, ALLOW_PRIVATE_WEBHOOKS: "true" }).allowPrivateWebhooks).toBe(true);
    expect(readConfig({ ...production, ALLOW_PRIVATE_PROVIDERS: "true" }).allowPrivateProviders).toBe(true);
    expect(readConfig({ ...production, SANDBOX: "true", HOST: "::1" })).toMatchObject({
      sandbox: true,
      host: "::1",
    });
  });
});

describe("a problem", () => {
  it.each([
    ["PORT", "http", "must be a whole number"],
    ["PORT", "70000", "must be at most 65535"],
    ["PORT", "-1", "must be a whole number"],
    ["PORT", "80.5", "must be a whole number"],
    ["PORT", "0x50", "must be a whole number"],
    ["PORT", "   ", "must be a whole number"],
    ["DATABASE_POOL_SIZE", "1", "must be at least 2"],
    ["WORKER_CONCURRENCY", "0", "must be at least 1"],
    ["DATABASE_URL", "mysql://localhost/x", "must be a URL that starts with postgresql://"],
    ["DATABASE_URL", "localhost:5432", "must be a URL that starts with postgresql://"],
    ["PUBLIC_URL", "sms.example.com", "must be an http or https URL"],
    ["PUBLIC_URL", "ftp://sms.example.com", "must be an http or https URL"],
    ["PUBLIC_URL", "https://sms.example.com/?a=1", "must have no user name, password, query or fragment"],
    ["PUBLIC_URL", "https://me:you@sms.example.com", "must have no user name, password, query or fragment"],
    ["ALLOWED_ORIGINS", "a.example", "must be origins such as https://app.example.com, or *"],
    ["ALLOWED_HOSTS", "http://a", "must be names such as sms.example.com, without a port, or *"],
    ["METRICS_TOKEN", "short", "must be 16 to 200 characters without spaces"],
    ["ROLE", "both", 'Invalid option: expected one of "api"|"worker"|"all"'],
    ["SANDBOX", "maybe", 'Invalid option: expected one of "true"|"1"|"yes"|"on"|"false"|"0"|"no"|"off"'],
    ["NODE_ENV", "prod", 'Invalid option: expected one of "development"|"test"|"production"'],
    ["DEVELOPMENT_KEY", "short", "must be 16 to 200 characters without spaces"],
    ["DEVELOPMENT_KEY", "a key with spaces in it", "must be 16 to 200 characters without spaces"],
    ["NATS_URL", "http://n1", urlAdvice],
    ["NATS_URL", "nats://u:100%@n1", urlAdvice],
    ["NATS_URL", "nats://a@n1,nats://b@n2", urlAdvice],
    ["NATS_PREFIX", "a.b", "must be 1 to 32 small letters, digits, - or _"],
    ["LOG_LEVEL", "loud", 'Invalid option: expected one of "trace"|"debug"|"info"|"warn"|"error"|"silent"'],
  ])("the wrong setting %s=%j is named and explained", (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([`${name}: ${problem}`]);
  });

  it("an OpenTelemetry collector turns traces on, all of them unless told otherwise", () => {
    const endpoint = "http://collector:4318";
    expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` }).tracing).toEqual({
      endpoint,
      ratio: 1,
    });
    const tenth = readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: "0.1" });
    expect(tenth.tracing?.ratio).toBe(0.1);
  });

  it.each(["c2hvcnQ=", "not base64 !", randomBytes(31).toString("base64")])(
    "the error about SECRET_KEY=%j says how to make one",
    (key) => {
      expect(problemsOf({ SECRET_KEY: key }).join("\n")).toContain("openssl rand -base64 32");
    },
  );

  it("a problem in the configuration does not come alone: all are reported together, those of production too", () => {
    const problems = problemsOf({
      NODE_ENV: "production",
      PORT: "x",
      ROLE: "x",
      PUBLIC_URL: "x",
      LOG_LEVEL: "x",
    });
    const names = problems.map((line) => line.split(":")[0] ?? "");
    expect(names.toSorted()).toEqual([
      "DATABASE_URL",
      "LOG_LEVEL",
      "PORT",
      "PUBLIC_URL",
      "ROLE",
      "SECRET_KEY",
    ]);
  });

  it("the error about a secret never shows its value", () => {
    const password = "hunter2hunter2";
    const secrets = {
      SECRET_KEY: password,
      DEVELOPMENT_KEY: `${password} !`,
      DATABASE_URL: `mysql://me:${password}@db/x`,
    };
    const problems = problemsOf({ ...secrets, PUBLIC_URL: `https://me:${password}@x` });
    expect(problems).toHaveLength(4);
    expect(problems.join("\n")).not.toContain(password);
  });
});

describe("production", () => {
  it.each([
    ["DATABASE_URL", "the embedded PostgreSQL is for development"],
    ["SECRET_KEY", "openssl rand -base64 32"],
    ["PUBLIC_URL", "providers post their receipts there"],
  ])("production needs %s", (name, why) => {
    const { [name]: _, ...others } = production as Record<string, string>;
    expect(problemsOf(others)).toEqual([expect.stringContaining(`${name}: required in production`)]);
    expect(problemsOf({ ...others, [name]: "" })).toEqual([expect.stringContaining(why)]);
  });

  it("production shows GraphiQL, the schema and the metrics to nobody without a key, unless told to", () => {
    const closed = { ...openSettings, graphiql: false, introspection: "nobody", metrics: false };
    expect(readConfig(production).web).toEqual(closed);
    const open = { GRAPHIQL: "true", INTROSPECTION: "true", METRICS: "true" };
    expect(readConfig({ ...production, ...open }).web).toEqual(openSettings);
    expect(readConfig({ ...production, INTROSPECTION: "keys" }).web.introspection).toBe("keys");
    expect(readConfig({ ...production, GRAPHIQL: "true" }).web.introspection).toBe("keys");
    const metricsToken = "0123456789abcdef";
    const guarded = { ...closed, metrics: true, metricsToken };
    expect(readConfig({ ...production, METRICS_TOKEN: metricsToken }).web).toEqual(guarded);
  });

  it.each([
    ["of zeros", Buffer.alloc(32)],
    ["of one byte", Buffer.alloc(32, 7)],
    ["of a short word, again and again", Buffer.alloc(32, "password")],
  ])("production refuses a SECRET_KEY %s, which development takes", (_what, bytes) => {
    for (const name of ["SECRET_KEY", "SECRET_KEY_OTHER"]) {
      const set = { [name]: bytes.toString("base64") };
      expect(problemsOf({ ...production, ...set })).toEqual([
        `${name}: can be guessed; make one with \`openssl rand -base64 32\``,
      ]);
      expect(problemsOf(set)).toEqual([]);
    }
  });

  it.each(["OPERATOR_KEY", "METRICS_TOKEN"])(
    "production refuses a %s that repeats a few characters",
    (name) => {
      const advice = `${name}: can be guessed; make one with \`openssl rand -hex 32\``;
      for (const word of ["a".repeat(32), "1234".repeat(10)]) {
        expect(problemsOf({ ...production, [name]: word })).toEqual([advice]);
        expect(problemsOf({ [name]: word })).toEqual([]);
      }
      const random = Array.from({ length: 1000 }, () => randomBytes(32).toString("hex"));
      expect(random.flatMap((word) => problemsOf({ ...production, [name]: word }))).toEqual([]);
    },
  );

  it("production accepts every random SECRET_KEY", () => {
    const keys = Array.from({ length: 1000 }, () => randomBytes(32).toString("base64"));
    expect(keys.flatMap((SECRET_KEY) => problemsOf({ ...production, SECRET_KEY }))).toEqual([]);
  });

  it.each(["http://sms.example.com", "HTTP://localhost:4000"])(
    "production refuses the plain-http PUBLIC_URL %s, which development takes",
    (PUBLIC_URL) => {
      expect(problemsOf({ ...production, PUBLIC_URL })).toEqual([
        expect.stringMatching(/^PUBLIC_URL: must start with https: in production/),
      ]);
      expect(problemsOf({ PUBLIC_URL })).toEqual([]);
    },
  );

  it("production needs no other settings", () => {
    expect(problemsOf(production)).toEqual([]);
  });
});
