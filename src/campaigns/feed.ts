import { setTimeout } from "node:timers/promises";
import { Batcher } from "../lib/batcher.ts";
import { WakeUps } from "../lib/wake-ups.ts";
import type { Database } from "../database/database.ts";
import type { Campaign } from "../database/generated/client.ts";
import type { Listener } from "../database/listener.ts";
import { patient } from "../database/read-through-outage.ts";
import { campaignChannel } from "../messages/changes/tallies.ts";
import { readProgress, type CampaignProgress } from "./progress.ts";

/** A campaign and its message counts. */
export type CampaignFrame = Campaign & { progress: CampaignProgress };

/** How long a lost notification can delay a frame. */
const pollMs = 5_000;
const maxBatchSize = 500;
/** `setTimeout` fires at once when the delay is longer than this. */
const maxPauseMs = 2 ** 31 - 1;

/**
 * Streams the progress of campaigns. PostgreSQL notifies which campaign has changed; one read then serves all
 * watchers in this process, and no watcher gets frames faster than it asked for.
 */
export class CampaignFeed {
  readonly #wakeUps = new WakeUps<string>();
  readonly #frames: Batcher<string, CampaignFrame | undefined>;

  constructor(database: Database) {
    const patientDatabase = patient(database);
    this.#frames = new Batcher((ids) => readFrames(patientDatabase, ids), maxBatchSize);
  }

  async open(listener: Listener): Promise<void> {
    await listener.on(campaignChannel, (campaignId) => {
      if (campaignId === undefined) this.#wakeUps.wakeAll();
      else this.#wakeUps.wake(campaignId);
    });
  }

  /**
   * Yields the current frame at once, then the newest after each change, at most `maxPerSecond`, and always
   * the final one.
   */
  async *watch(campaignId: string, maxPerSecond: number, signal: AbortSignal): AsyncGenerator<CampaignFrame> {
    let shown = "";
    while (!signal.aborted) {
      // Register before reading, so that a change during the read wakes us again.
      const hint = this.#wakeUps.next(campaignId, signal, pollMs);
      const frame = await this.#frames.add(campaignId);
      const digest = JSON.stringify(frame);
      if (frame && digest !== shown) {
        shown = digest;
        yield frame;
        await setTimeout(Math.min(1000 / maxPerSecond, maxPauseMs), undefined, { signal });
      }
      await hint;
    }
  }
}

async function readFrames(
  database: Database,
  ids: readonly string[],
): Promise<(CampaignFrame | undefined)[]> {
  const wanted = [...new Set(ids)];
  // Read the campaigns before their counts: a COMPLETED campaign must not be shown with messages still
  // waiting.
  const rows = await database.prisma.campaign.findMany({ where: { id: { in: wanted } } });
  const progress = await readProgress(database, wanted);
  const progressOf = new Map(wanted.map((id, index) => [id, progress[index]]));
  const frames = new Map<string, CampaignFrame>();
  for (const row of rows) {
    const campaignProgress = progressOf.get(row.id);
    if (campaignProgress) frames.set(row.id, { ...row, progress: campaignProgress });
  }
  return ids.map((id) => frames.get(id));
}
