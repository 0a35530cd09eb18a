import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { eventually, freePort } from "./process.ts";

const settings = { fsync: "off", hot_standby: "on", wal_keep_size: "64MB" };

/** A PostgreSQL server and a synchronous standby: what is committed is on both. */
export class Replicas {
  readonly #directory: string;
  readonly #ports: readonly [number, number];
  #primary: EmbeddedPostgres | undefined;
  #standby: EmbeddedPostgres | undefined;

  static async start(): Promise<Replicas> {
    const directory = await mkdtemp(join(tmpdir(), "smsgraph-replicas-"));
    // PostgreSQL may run as another user.
    execFileSync("chmod", ["755", directory]);
    const replicas = new Replicas(directory, [await freePort(), await freePort()]);
    await replicas.#start();
    return replicas;
  }

  constructor(directory: string, ports: readonly [number, number]) {
    this.#directory = directory;
    this.#ports = ports;
  }

  /** One URL with both hosts. */
  get url(): string {
    const [first, second] = this.#ports;
    return this.urlOf(first).replace(`:${first}`, `:${first},127.0.0.1:${second}`);
  }

  get primaryUrl(): string {
    return this.urlOf(this.#ports[0]);
  }

  /** Of the standby alone, which is the primary after `promote`. */
  get standbyUrl(): string {
    return this.urlOf(this.#ports[1]);
  }

  urlOf(port: number): string {
    return (this.#primary?.url ?? "").replace(/:\d+\/postgres$/, `:${port}/postgres`);
  }

  /** Every process of it, without notice. */
  async killPrimary(): Promise<void> {
    const file = await readFile(join(this.#directory, "primary", "postgres", "postmaster.pid"), "utf8");
    const postmaster = Number.parseInt(file, 10);
    const printed = execFileSync("ps", ["-o", "pid=", "--ppid", String(postmaster)], { encoding: "utf8" });
    const children = printed.split(/\s+/).filter(Boolean).map(Number);
    for (const pid of [postmaster, ...children]) process.kill(pid, "SIGKILL");
  }

  /** The primary waits for it no longer. */
  async stopStandby(): Promise<void> {
    await query(this.primaryUrl, "alter system reset synchronous_standby_names");
    await query(this.primaryUrl, "select pg_reload_conf()");
    await this.#standby?.stop();
    this.#standby = undefined;
  }

  async promote(): Promise<void> {
    await query(this.standbyUrl, "select pg_promote()");
  }

  async close(): Promise<void> {
    await this.#primary?.stop();
    await this.#standby?.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const [first, second] = this.#ports;
    const [from, to] = ["primary", "standby"].map((name) => join(this.#directory, name)) as [string, string];
    this.#primary = await startEmbeddedPostgres(from, { ...settings, port: String(first) });
    await this.#copy(from, to);
    this.#standby = await startEmbeddedPostgres(to, { ...settings, port: String(second) });
    await query(this.#primary.url, "alter system set synchronous_standby_names = 'standby'");
    await query(this.#primary.url, "select pg_reload_conf()");
    const isAttached = "select true from pg_stat_replication where sync_state = 'sync'";
    await eventually(async () => (await query(this.urlOf(first), isAttached)).length > 0);
  }

  /** A backup of the running server, as `pg_basebackup` makes one, which the embedded binaries do not have. */
  async #copy(from: string, to: string): Promise<void> {
    const [port] = this.#ports;
    const client = new Client({ connectionString: this.urlOf(port) });
    await client.connect();
    await client.query("select pg_backup_start('standby', true)");
    await mkdir(to);
    execFileSync("cp", ["-a", join(from, "postgres"), join(from, "postgres-password"), to]);
    const { rows } = await client.query<{ label: string }>("select labelfile as label from pg_backup_stop()");
    await client.end();
    const data = join(to, "postgres");
    await rm(join(data, "postmaster.pid"));
    const password = await readFile(join(from, "postgres-password"), "utf8");
    const source = `host=127.0.0.1 port=${port} user=smsgraph password=${password} application_name=standby`;
    await writeFile(join(data, "backup_label"), rows[0]?.label ?? "");
    await writeFile(join(data, "standby.signal"), "");
    await appendFile(join(data, "postgresql.auto.conf"), `primary_conninfo = '${source}'\n`);
    execFileSync("chown", [
      "--reference",
      join(data, "PG_VERSION"),
      join(data, "backup_label"),
      join(data, "standby.signal"),
    ]);
  }
}

async function query(url: string, text: string): Promise<object[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}
