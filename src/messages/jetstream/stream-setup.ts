import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { NatsSetupError, type NatsSettings } from "./settings.ts";
import type { Names } from "./wire.ts";

const hourNs = 3_600_000_000_000;
const megabyte = 1024 * 1024;
/** How long JetStream knows an event again. */
const duplicateWindowNs = 120_000_000_000;

/** Codes of JetStream's errors. */
const notFound = 10_059;
const subjectsOverlap = 10_065;

/** What a stream cannot be changed to once it is there, or must not be without somebody knowing. */
type Fixed = Pick<StreamConfig, "subjects" | "retention" | "storage" | "discard">;

/**
 * The stream of events, made or brought in line with the settings.
 * @throws NatsSetupError when there is one that was made for something else, or none may be made
 */
export async function prepareStream(
  connection: NatsConnection,
  names: Names,
  settings: NatsSettings,
): Promise<JetStreamManager> {
  const { JetStreamApiError, jetstreamManager } = await import("@nats-io/jetstream");
  try {
    const manager = await jetstreamManager(connection);
    await make(manager, names, settings);
    return manager;
  } catch (error) {
    if (error instanceof Error && error.name === "JetStreamNotEnabled")
      throw new NatsSetupError(
        "This NATS server has no JetStream. Start it with `-js`, or turn JetStream on for the account of NATS_URL.",
      );
    if (error instanceof JetStreamApiError && error.code === subjectsOverlap)
      throw new NatsSetupError(
        `Another stream takes "${names.everything}" already. Delete it, or choose another NATS_PREFIX.`,
      );
    throw error;
  }
}

async function make(manager: JetStreamManager, names: Names, settings: NatsSettings): Promise<void> {
  const { JetStreamApiError } = await import("@nats-io/jetstream");
  const fixed = {
    subjects: [names.everything],
    retention: "limits",
    storage: "file",
    discard: "old",
  } as Fixed;
  const changeable = {
    num_replicas: settings.replicas,
    max_age: settings.retentionHours * hourNs,
    max_bytes: settings.maxMegabytes === undefined ? -1 : settings.maxMegabytes * megabyte,
    duplicate_window: duplicateWindowNs,
    allow_direct: true,
  };
  const known = await manager.streams.info(names.stream).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw error;
  });
  if (!known) {
    const description = "A copy of the newest part of smsgraph's event log";
    await manager.streams.add({ name: names.stream, description, ...fixed, ...changeable });
    return;
  }
  const differing = (Object.keys(fixed) as (keyof Fixed)[]).filter(
    (key) => JSON.stringify(known.config[key]) !== JSON.stringify(fixed[key]),
  );
  if (differing.length > 0)
    throw new NatsSetupError(
      `The stream ${names.stream} was made for something else: its ${differing.join(", ")} must be ` +
        `${differing.map((key) => JSON.stringify(fixed[key])).join(", ")}. Delete it, or choose another NATS_PREFIX.`,
    );
  const keys = Object.keys(changeable) as (keyof typeof changeable)[];
  if (keys.some((key) => known.config[key] !== changeable[key]))
    await manager.streams.update(names.stream, changeable);
}
