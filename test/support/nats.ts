import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsSettings } from "../../src/messages/jetstream/settings.ts";
import { eventually, freePort } from "./process.ts";

/** One server, or a cluster, of JetStream on this machine. */
export class NatsCluster {
  readonly ports: readonly number[];
  readonly #directory: string;
  readonly #routes: readonly number[];
  readonly #options: readonly string[];
  readonly #servers = new Map<number, ChildProcess>();

  static async start(size = 1, options: readonly string[] = []): Promise<NatsCluster> {
    const directory = await mkdtemp(join(tmpdir(), "smsgraph-nats-"));
    const ports: number[] = [];
    while (ports.length < size * 2) ports.push(await freePort());
    const cluster = new NatsCluster(directory, ports.slice(0, size), ports.slice(size), options);
    await Promise.all(cluster.ports.map((_, place) => cluster.start(place)));
    return cluster;
  }

  constructor(
    directory: string,
    ports: readonly number[],
    routes: readonly number[],
    options: readonly string[],
  ) {
    this.#directory = directory;
    this.ports = ports;
    this.#routes = routes;
    this.#options = options;
  }

  /** For NATS_URL. */
  get url(): string {
    return this.ports.map((port) => `nats://127.0.0.1:${port}`).join(",");
  }

  settings(more: Partial<NatsSettings> = {}): NatsSettings {
    return {
      servers: this.ports.map((port) => `127.0.0.1:${port}`),
      usesTls: false,
      user: undefined,
      password: undefined,
      token: undefined,
      credentialsFile: undefined,
      prefix: "smsgraph",
      replicas: this.ports.length,
      retentionHours: 24,
      maxMegabytes: undefined,
      ...more,
    };
  }

  /** Starts a server, and waits until it listens. */
  async start(place: number): Promise<void> {
    const port = this.ports[place] ?? 0;
    const storage = join(this.#directory, String(place));
    const routes = this.#routes.map((route) => `nats://127.0.0.1:${route}`);
    const cluster = [
      "--cluster_name",
      "smsgraph",
      "--cluster",
      routes[place] ?? "",
      "--routes",
      routes.join(","),
    ];
    const server = spawn(
      "nats-server",
      [
        "-a",
        "127.0.0.1",
        "-p",
        String(port),
        "-n",
        `server-${place}`,
        "-js",
        "-sd",
        storage,
        ...(this.ports.length > 1 ? cluster : []),
        ...this.#options,
      ],
      { stdio: "ignore" },
    );
    this.#servers.set(place, server);
    await eventually(() => answers(port));
  }

  async kill(place: number): Promise<void> {
    const server = this.#servers.get(place);
    if (!server) return;
    this.#servers.delete(place);
    const ended = once(server, "close");
    server.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await Promise.all(this.ports.map((_, place) => this.kill(place)));
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const answer = Promise.race([
    once(socket, "data").then(() => true),
    once(socket, "error").then(
      () => false,
      () => false,
    ),
  ]);
  return answer.catch(() => false).finally(() => socket.destroy());
}
