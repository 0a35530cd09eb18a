import { z } from "zod";

/** Raised when the environment is not usable; its message lists every problem. */
export class ConfigError extends Error {}

const flag = z.stringbool({ truthy: ["true", "1", "yes", "on"], falsy: ["false", "0", "no", "off"] });
const port = z.coerce.number().int().min(0).max(65_535);
const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));
const secretKey = z.base64().refine((text) => Buffer.from(text, "base64").length === 32, {
  error: "must be 32 random bytes in base64; make one with `openssl rand -base64 32`",
});

const environment = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  PORT: port.default(4000),
  HOST: z.string().optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(20),
  PUBLIC_URL: httpUrl.optional(),
  ROLE: z.enum(["api", "worker", "all"]).default("all"),
  DATA_DIR: z.string().default(".data"),
  SANDBOX: flag.optional(),
  SANDBOX_PORT: port.default(0),
  DEVELOPMENT_KEY: z.string().min(16).optional(),
  SECRET_KEY: secretKey.optional(),
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(1000).default(20),
  ALLOW_INSECURE_PROVIDERS: flag.default(false),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).optional(),
});

export interface Config {
  production: boolean;
  port: number;
  host: string;
  /** Absent: an embedded PostgreSQL in `dataDirectory`. */
  databaseUrl: string | undefined;
  databasePoolSize: number;
  /** Where providers and people reach us; absent: the address we listen on. */
  publicUrl: string | undefined;
  runsApi: boolean;
  runsWorker: boolean;
  dataDirectory: string;
  sandbox: boolean;
  sandboxPort: number;
  developmentKey: string | undefined;
  /** 32 bytes, base64; absent in development: made once and kept in `dataDirectory`. */
  secretKey: string | undefined;
  workerConcurrency: number;
  allowInsecureProviders: boolean;
  logLevel: string;
}

/** Parses the environment once. @throws ConfigError naming every variable that is wrong, and why */
export function readConfig(variables: Record<string, string | undefined>): Config {
  // An empty variable is how many tools write an absent one.
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(set);
  const problems = parsed.success ? missing(parsed.data) : parsed.error.issues.map(describe);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(
      `The configuration has problems:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
    );
  }
  return toConfig(parsed.data);
}

const describe = (issue: z.core.$ZodIssue): string => `${issue.path.join(".")}: ${issue.message}`;

function missing(values: z.infer<typeof environment>): string[] {
  if (values.NODE_ENV !== "production") return [];
  const needed = [
    ["DATABASE_URL", "the embedded PostgreSQL is for development"],
    ["SECRET_KEY", "provider credentials are encrypted with it; make one with `openssl rand -base64 32`"],
    ["PUBLIC_URL", "providers post their receipts there"],
  ] as const;
  return needed
    .filter(([name]) => values[name] === undefined)
    .map(([name, why]) => `${name}: required in production, since ${why}`);
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
    allowInsecureProviders: values.ALLOW_INSECURE_PROVIDERS,
    logLevel: values.LOG_LEVEL ?? "info",
  };
}
