import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import type { Chance } from "./chance.ts";
import type { Fleet, Member } from "./fleet.ts";
import { mostConnections, type OwnPostgres } from "./postgres.ts";

export interface Ground {
  fleet: Fleet;
  postgres: OwnPostgres;
  /** How long PostgreSQL, or a process, stands still. */
  standstillSeconds: number;
}

export interface Fault {
  name: string;
  /** Resolves when the fault itself is over, not when its consequences are. */
  run: () => Promise<void>;
}

/** Every fault there is, those of processes once for each. */
export function faultsOf({ fleet, postgres, standstillSeconds }: Ground, chance: Chance): Fault[] {
  const shortly = (): number => 2 + chance.below(4);
  return [
    ...fleet.members.map((member) => ({ name: `kill -9 of ${member.name}`, run: () => fleet.kill(member) })),
    { name: "kill -9 of every process at once", run: () => killAll(fleet) },
    { name: "PostgreSQL stands still", run: () => postgres.standStill(standstillSeconds) },
    { name: "kill -9 of PostgreSQL", run: () => restart(postgres, chance) },
    {
      name: "restart of PostgreSQL",
      async run() {
        await postgres.stop();
        await postgres.start();
      },
    },
    { name: "every connection to PostgreSQL cut", run: () => asked(postgres, cutOthers) },
    {
      name: "connection pools full",
      run: () => asked(postgres, (client) => lockMessages(client, shortly())),
    },
    { name: "PostgreSQL takes no more connections", run: () => crowd(postgres, shortly()) },
    ...(postgres.hasSmallDisk ? [{ name: "disk full", run: () => postgres.fillDisk(shortly()) }] : []),
    { name: "clock jumps forwards", run: () => jumpSome(fleet, chance, 1) },
    { name: "clock jumps backwards", run: () => jumpSome(fleet, chance, -1) },
    { name: "a process stands still", run: () => fleet.hold(chance.pick(fleet.members), standstillSeconds) },
  ];
}

async function killAll(fleet: Fleet): Promise<void> {
  await Promise.all(fleet.members.map((member) => fleet.kill(member)));
}

async function restart(postgres: OwnPostgres, chance: Chance): Promise<void> {
  postgres.kill();
  await pause(chance.below(3_000));
  await postgres.start();
}

/** How those who crowd PostgreSQL are known to it. */
const crowdName = "crowd";

const longestJumpMs = 45 * 60_000;

async function jumpSome(fleet: Fleet, chance: Chance, direction: number): Promise<void> {
  const members: Member[] = chance.shuffled(fleet.members).slice(0, 1 + chance.below(2));
  const milliseconds = direction * chance.below(longestJumpMs);
  await Promise.all(members.map((member) => fleet.jumpClock(member, milliseconds, 5)));
}

/** Does something on a connection of its own; when the server is away, nothing. */
async function asked(postgres: OwnPostgres, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: postgres.url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}

/** Whoever needs a message waits, with a connection of its pool. */
async function lockMessages(client: Client, seconds: number): Promise<void> {
  await client.query("begin; lock table messages in access exclusive mode");
  await pause(seconds * 1000);
  await client.query("rollback");
}

const cutOthers = (client: Client): Promise<unknown> =>
  client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name <> '${crowdName}' and pid <> pg_backend_pid()`,
  );

/** Takes every connection that is left, and cuts those of others. */
async function crowd(postgres: OwnPostgres, seconds: number): Promise<void> {
  const crowdOf = Array.from({ length: mostConnections }, () => {
    const client = new Client({
      connectionString: postgres.url,
      application_name: crowdName,
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => undefined);
    return client;
  });
  // Those for whom there is no room come too late.
  const coming = crowdOf.map((client) => client.connect().catch(() => undefined));
  await asked(postgres, cutOthers).catch(() => undefined);
  await Promise.all(coming);
  await pause(seconds * 1000);
  await Promise.all(crowdOf.map((client) => client.end()));
}
