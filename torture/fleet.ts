import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { GraphqlClient } from "../test/support/graphql-client.ts";
import { eventually, freePort, startProcess, type SmsgraphProcess } from "../test/support/process.ts";
import { clockVariables, jump } from "./clock.ts";

export interface FleetOptions {
  databaseUrl: string;
  /** Where providers post receipts. */
  publicUrl: string;
  /** For files that tell processes something. */
  directory: string;
  /** Settings of every process beside those that it needs. */
  variables?: Readonly<Record<string, string>>;
}

/** One process of smsgraph, which is started again whenever it has ended. */
export interface Member {
  name: string;
  role: "api" | "worker";
  port: number;
  process: SmsgraphProcess | undefined;
  /** Whether the process has begun to work. */
  isReady: boolean;
}

/** How long a supervisor waits before it starts a process again. */
const restartMs = 500;

/** Two api processes and two workers around one database. */
export class Fleet {
  readonly key = `key_${randomBytes(16).toString("hex")}`;
  readonly members: Member[] = [];
  /** Ends that nobody has caused: process and last words. */
  readonly crashes: string[] = [];
  readonly #variables: Record<string, string>;
  readonly #options: FleetOptions;
  #killed = new WeakSet<SmsgraphProcess>();
  #isOver = false;

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    for (const name of ["api 1", "api 2", "worker 1", "worker 2"]) {
      const role = name.startsWith("api") ? "api" : "worker";
      const member: Member = {
        name,
        role,
        port: await freePort(),
        process: undefined,
        isReady: false,
      };
      fleet.members.push(member);
      fleet.#begin(member);
      // The first one applies the migrations.
      if (fleet.members.length === 1) await fleet.ready();
    }
    await fleet.ready();
    return fleet;
  }

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#variables = {
      DATABASE_URL: options.databaseUrl,
      DATABASE_POOL_SIZE: "15",
      PUBLIC_URL: options.publicUrl,
      SECRET_KEY: randomBytes(32).toString("base64"),
      DEVELOPMENT_KEY: this.key,
      SANDBOX: "false",
      LOG_LEVEL: "warn",
      ...options.variables,
    };
  }

  get apis(): Member[] {
    return this.members.filter(({ role }) => role === "api");
  }

  get clients(): GraphqlClient[] {
    return this.apis.map(({ port }) => new GraphqlClient(`http://127.0.0.1:${port}`, this.key));
  }

  /** Every process works. */
  async ready(): Promise<void> {
    await eventually(() => this.members.every(({ isReady }) => isReady), { timeoutSeconds: 120 });
  }

  /** Kills it without notice, and starts it again. */
  async kill(member: Member): Promise<void> {
    const { process } = member;
    if (!process) return;
    this.#killed.add(process);
    await process.end("SIGKILL");
    this.#begin(member);
  }

  /** Its wall clock is wrong for a while. */
  async jumpClock(member: Member, milliseconds: number, seconds: number): Promise<void> {
    const file = this.#clockFile(member);
    const { process } = member;
    if (!process || process.child.exitCode !== null) return;
    jump(file, process.pid, milliseconds);
    await pause(seconds * 1000);
    if (process.child.exitCode === null && process.child.signalCode === null) jump(file, process.pid, 0);
  }

  /** Makes it so much later for every process. */
  moveClocks(milliseconds: number): void {
    for (const member of this.members) {
      if (member.process) jump(this.#clockFile(member), member.process.pid, milliseconds);
    }
  }

  /** It stands still for a while, and then goes on as if nothing had been. */
  async hold(member: Member, seconds: number): Promise<void> {
    const { process } = member;
    process?.child.kill("SIGSTOP");
    await pause(seconds * 1000);
    process?.child.kill("SIGCONT");
  }

  /** What the processes have logged, each process by itself. */
  logs(): string[] {
    return this.#printed.map((process) => process.output());
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.members.map(async ({ process }) => process?.end("SIGKILL")));
  }

  readonly #printed: SmsgraphProcess[] = [];

  #begin(member: Member): void {
    const { role, port } = member;
    const variables = { ...this.#variables, ...clockVariables(this.#clockFile(member)) };
    const listening = role === "api" ? "PORT" : "WORKER_PORT";
    const process = startProcess({ ...variables, ROLE: role, [listening]: String(port) });
    member.process = process;
    this.#printed.push(process);
    void process.ended.then(() => this.#noteEnd(member, process));
    member.isReady = false;
    process.ready.then(
      () => (member.isReady = true),
      () => undefined,
    );
  }

  /**
   * What nobody has killed has crashed. Without a database a process does not begin, and says so. Each is started again,
   * as by a supervisor.
   */
  #noteEnd(member: Member, process: SmsgraphProcess): void {
    if (this.#isOver || this.#killed.has(process)) return;
    if (member.isReady) this.crashes.push(`${member.name} ended by itself: ${process.output().slice(-1500)}`);
    setTimeout(() => {
      if (!this.#isOver && member.process === process) this.#begin(member);
    }, restartMs);
  }

  #clockFile({ name }: Member): string {
    return join(this.#options.directory, `clock ${name}`);
  }
}
