import { setImmediate as nextTurn } from "node:timers/promises";
import type { Queryable } from "../../database/database.ts";
import { prepareHolidays } from "../../sms/holidays.ts";
import { minuteOf, opensSomewhere } from "../../sms/send-window.ts";
import { countriesOf } from "./campaign-countries.ts";
import { windowOf, type RunningCampaign } from "./running-campaigns.ts";

/** A window as it was looked at: its settings and the minute. */
interface Looked {
  at: string;
  isShut: boolean;
}

/** So many windows are looked at before others have a turn of the event loop: a few milliseconds. */
const inOneTurn = 50;

/**
 * Which campaigns may send to nobody now, because their window is closed in every country of their recipients. Windows open
 * at a full minute, so each is looked at once in a minute, or when it was changed; without that, every worker would search
 * the messages of each such campaign several times a second.
 */
export class ShutWindows {
  readonly #looked = new Map<string, Looked>();

  /** Those that may send to somebody. */
  async open<Campaign extends RunningCampaign>(
    database: Queryable,
    campaigns: readonly Campaign[],
    now: Date,
  ): Promise<Campaign[]> {
    const changed = campaigns.filter(
      (one) => windowOf(one) && this.#looked.get(one.id)?.at !== momentOf(one, now),
    );
    const countries = await countriesOf(
      database,
      changed.map(({ id }) => id),
    );
    const observing = changed
      .filter((one) => one.observesHolidays)
      .flatMap(({ id }) => countries.get(id) ?? []);
    await prepareHolidays(new Set(observing.filter((country) => country !== "")), [now]);
    for (const [index, campaign] of changed.entries()) {
      this.#look(campaign, countries.get(campaign.id) ?? [], now);
      if (index % inOneTurn === inOneTurn - 1) await nextTurn();
    }
    return campaigns.filter((one) => !windowOf(one) || this.#looked.get(one.id)?.isShut !== true);
  }

  forgetAllBut(running: ReadonlySet<string>): void {
    for (const id of this.#looked.keys()) if (!running.has(id)) this.#looked.delete(id);
  }

  #look(campaign: RunningCampaign, countries: readonly string[], now: Date): void {
    const window = windowOf(campaign);
    if (!window || countries.length === 0) return void this.#looked.delete(campaign.id);
    const isShut = !countries.some((country) => opensSomewhere(window, country, campaign.timeZone, now));
    this.#looked.set(campaign.id, { at: momentOf(campaign, now), isShut });
  }
}

const momentOf = (campaign: RunningCampaign, now: Date): string =>
  `${Object.values(windowOf(campaign) ?? {}).join(" ")} ${campaign.timeZone} ${minuteOf(now)}`;
