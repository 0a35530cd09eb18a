import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { freePort, isAlive } from "../test/support/process.ts";

/** How many connections PostgreSQL takes. */
export const mostConnections = 120;

/** A PostgreSQL that may be stopped, killed, held and crowded out of its disk. */
export class OwnPostgres {
  readonly directory: string;
  /** Whether its disk is a small one of its own. Only root may make one. */
  readonly hasSmallDisk: boolean;
  readonly #settings: Record<string, string>;
  #running: EmbeddedPostgres | undefined;
  #pid = 0;

  static async create(diskMegabytes: number): Promise<OwnPostgres> {
    const directory = await mkdtemp(join(tmpdir(), "smsgraph-torture-"));
    chmodSync(directory, 0o755);
    const size = `size=${diskMegabytes}m,mode=755`;
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", size, "none", directory]);
    const settings = {
      port: String(await freePort()),
      fsync: "off",
      max_wal_size: "48MB",
      max_connections: String(mostConnections),
    };
    return new OwnPostgres(directory, mounted.status === 0, settings);
  }

  constructor(directory: string, hasSmallDisk: boolean, settings: Record<string, string>) {
    this.directory = directory;
    this.hasSmallDisk = hasSmallDisk;
    this.#settings = settings;
  }

  get url(): string {
    if (!this.#running) throw new Error("PostgreSQL was never started");
    return this.#running.url;
  }

  async start(): Promise<void> {
    this.#running = await startEmbeddedPostgres(this.directory, this.#settings);
    const file = await readFile(join(this.directory, "postgres", "postmaster.pid"), "utf8");
    this.#pid = Number.parseInt(file, 10);
  }

  /** As its supervisor would: a server whose disk was full may have given up. */
  async startIfEnded(): Promise<void> {
    if (!isAlive(this.#pid)) await this.start();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  /** Without notice, all of its processes. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  async standStill(seconds: number): Promise<void> {
    this.#signal("SIGSTOP");
    try {
      await pause(seconds * 1000);
    } finally {
      this.#signal("SIGCONT");
    }
  }

  /** For so long there is no room on its disk. */
  async fillDisk(seconds: number): Promise<void> {
    const ballast = join(this.directory, "ballast");
    const until = performance.now() + seconds * 1000;
    try {
      while (performance.now() < until) {
        spawnSync("sh", ["-c", 'head -c 2G /dev/zero >> "$0"', ballast]);
        await pause(200);
      }
    } finally {
      await rm(ballast, { force: true });
      await this.startIfEnded();
    }
  }

  async close(): Promise<void> {
    this.#signal("SIGCONT");
    await this.stop();
    if (this.hasSmallDisk) spawnSync("umount", ["-l", this.directory]);
    await rm(this.directory, { recursive: true, force: true });
  }

  /** To the server and each process that it has made. */
  #signal(name: NodeJS.Signals): void {
    if (!isAlive(this.#pid)) return;
    for (const pid of [this.#pid, ...childrenOf(this.#pid)]) {
      try {
        process.kill(pid, name);
      } catch {
        // It has just ended.
      }
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    const printed = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
    return printed.split(/\s+/).filter(Boolean).map(Number);
  } catch {
    // `ps` fails when there are none.
    return [];
  }
}
