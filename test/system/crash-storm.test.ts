import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { Deployment } from "../support/deployment.ts";
import { eventually, type SmsgraphProcess } from "../support/process.ts";
import type { Plan, Request } from "../support/provider-double.ts";

const messages = 100;
/** A process dies with every so many requests that reach the provider. */
const requestsBetweenKills = 11;
const seed = 20_261_120;

/** mulberry32: the same numbers from 0 to 1 for the same seed. */
function createChance(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Processes of which any may be killed at any moment; a killed one is started again at once. */
class Fleet {
  readonly #deployment: Deployment;
  readonly #alive: SmsgraphProcess[] = [];
  readonly #starting = new Set<Promise<void>>();
  #isOver = false;
  kills = 0;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  async #replace(process: Awaited<ReturnType<Deployment["start"]>>, role: "api" | "worker"): Promise<void> {
    await process.ended;
    this.#alive.splice(this.#alive.indexOf(process), 1);
    if (this.#isOver) return;
    const restart = this.start(role).finally(() => this.#starting.delete(restart));
    this.#starting.add(restart);
  }

  async start(role: "api" | "worker"): Promise<void> {
    const process = await this.#deployment.start(role, { WORKER_CONCURRENCY: "5" });
    this.#alive.push(process);
    void this.#replace(process, role);
  }

  killOne(chance: number): void {
    const victim = this.#alive[Math.floor(chance * this.#alive.length)];
    if (victim?.child.kill("SIGKILL")) this.kills++;
  }

  /** From now on nothing is started any more; waits for what is being started. */
  async settle(): Promise<void> {
    this.#isOver = true;
    while (this.#starting.size > 0) await Promise.all(this.#starting);
  }
}

/** A provider as it is on a bad day, and killers at its door. */
function stormyPlan(deployment: Deployment, fleet: Fleet): (request: Request) => Plan {
  const chance = createChance(seed);
  const wait = (): Promise<void> => pause(chance() * 150);
  return ({ reference }) => {
    const { requests } = deployment.double;
    const isFirst = !requests.some((earlier) => earlier.reference === reference);
    const outcome = pick(chance(), isFirst);
    const isKiller = (requests.length + 1) % requestsBetweenKills === 0;
    const kill = (): void => fleet.killOne(chance());
    const stage = isKiller ? Math.floor(chance() * 3) : undefined;
    if (stage === 0) kill();
    return {
      outcome,
      before: wait().then(() => (stage === 1 ? kill() : undefined)),
      answer: wait().then(() => (stage === 2 ? kill() : undefined)),
      report: wait(),
    };
  };
}

function pick(chance: number, isFirst: boolean): NonNullable<Plan["outcome"]> {
  if (chance < 0.05) return "fail";
  if (chance < 0.15) return "hang";
  if (chance < 0.25) return "reset";
  return chance < 0.35 && isFirst ? "busy" : "answer";
}

it("a storm of kills loses nothing and sends nothing twice", { timeout: 300_000 }, async () => {
  const deployment = await Deployment.create();
  const { double } = deployment;
  const fleet = new Fleet(deployment);
  onTestFinished(async () => {
    await fleet.settle();
    await deployment.close();
  });
  await fleet.start("api");
  await deployment.connect();
  const ids = await Promise.all(
    Array.from({ length: messages }, (_, index) => deployment.send(String(421_901_000_100 + index))),
  );
  double.plan = stormyPlan(deployment, fleet);
  await Promise.all([fleet.start("worker"), fleet.start("worker")]);

  const accepted = (id: string): boolean => double.accepted.some(({ reference }) => reference === id);
  const hasEnded = async (): Promise<boolean> => {
    const { rows } = await deployment.database.query<{ id: string; status: string }>(
      "select id, status from messages",
    );
    return rows.every(({ id, status }) => status === (accepted(id) ? "DELIVERED" : "OUTCOME_UNKNOWN"));
  };
  await eventually(hasEnded, { timeoutSeconds: 120 });

  expect(fleet.kills).toBeGreaterThan(5);
  for (const id of ids) {
    const requests = double.requests.filter(({ reference }) => reference === id);
    expect(requests.slice(0, -1).every(({ outcome }) => outcome === "busy")).toBe(true);
  }
  for (const { reference, status } of double.callbacks.filter(({ answer }) => answer === 200)) {
    const line = expect.objectContaining({ source: "CALLBACK", providerStatus: status });
    expect(await deployment.timeline(reference)).toContainEqual(line);
  }
});
