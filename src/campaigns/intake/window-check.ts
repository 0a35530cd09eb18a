import type { Queryable, Statement } from "../../database/database.ts";
import { InvalidInputError } from "../../lib/errors.ts";
import { areaLengths, zonesOf } from "../../sms/time-zones.ts";
import { loadHolidays, prepareHolidays } from "../../sms/holidays.ts";
import { everOpens, firstOpening, spreadOf, type SendWindow } from "../../sms/send-window.ts";
import type { CampaignSettings } from "./settings.ts";

const longestArea = Math.max(...areaLengths);

/** Refuses recipients whose messages a send window would hold forever. */
export class WindowCheck {
  readonly #window: SendWindow;
  readonly #hasZone: boolean;
  readonly #day: Date;
  readonly #endsAt: Date | null;
  /** Cached by time zones and country, since few recipients differ in them. */
  readonly #problems = new Map<string, string | undefined>();

  /** `endsAt`: when the campaign ends, if it does. */
  constructor(window: SendWindow, hasZone: boolean, day: Date, endsAt: Date | null) {
    this.#window = window;
    this.#hasZone = hasZone;
    this.#day = day;
    this.#endsAt = endsAt;
  }

  /**
   * @throws InvalidInputError when the window is never open for this recipient
   */
  check(recipient: string, country: string | null): void {
    const zones = zonesOf(recipient, country);
    const key = `${country} ${zones.join(" ")}`;
    if (!this.#problems.has(key)) this.#problems.set(key, this.#problemOf(zones, country));
    const problem = this.#problems.get(key);
    if (problem !== undefined) throw new InvalidInputError("sendWindow", problem);
  }

  #problemOf(zones: readonly string[], country: string | null): string | undefined {
    if (zones.length === 0) return this.#hasZone ? undefined : unknownZone;
    if (everOpens(this.#window, zones, this.#day)) return this.#lateness(zones, country);
    const hours = (spreadOf(zones, this.#day) / 60).toFixed(2).replace(/\.?0+$/, "");
    return (
      `The number may be in any of ${zones.length} time zones, such as ${zones[0]} or ${zones.at(-1)}, and \`sendWindow\` is ` +
      `never open in all of them. Make it longer than ${hours} hours, or send to these numbers without one.`
    );
  }

  /** A window that opens only after the end would never let it go. */
  #lateness(zones: readonly string[], country: string | null): string | undefined {
    if (this.#endsAt === null) return undefined;
    const opening = firstOpening(this.#window, zones, country, this.#day);
    return opening !== undefined && opening < this.#endsAt ? undefined : neverInTime;
  }
}

const neverInTime =
  "`sendWindow` does not open for this number before `endsAt`. Give a later `endsAt`, or a longer window.";

const unknownZone =
  "The number tells neither a country nor a time zone. Give `timeZone`, so that `sendWindow` can go by it.";

/** Undefined without a send window. */
export function windowCheckOf(
  { windowStart, windowEnd, windowDays, observeHolidays, timeZone, scheduledAt, endsAt }: WindowSettings,
  now: Date,
): WindowCheck | undefined {
  if (windowStart === null || windowEnd === null) return undefined;
  const window = { start: windowStart, end: windowEnd, days: windowDays, observesHolidays: observeHolidays };
  return new WindowCheck(window, timeZone !== null, scheduledAt ?? now, endsAt);
}

type WindowSettings = Pick<
  CampaignSettings,
  "windowStart" | "windowEnd" | "windowDays" | "observeHolidays" | "timeZone" | "scheduledAt" | "endsAt"
>;

/** What such a check needs, read in turns and not when the first recipient is checked. */
export const prepareWindowCheck = async ({ observeHolidays, endsAt }: WindowSettings): Promise<void> =>
  observeHolidays && endsAt ? loadHolidays() : undefined;

const sampleRecipients: Statement = {
  name: "sample_recipients_of_campaign",
  text: `
    select distinct on (country, area) recipient, country from (
      select recipient, country, left(recipient, ${longestArea}) as area from campaign_recipients where campaign_id = $1
      union all
      select recipient, country, left(recipient, ${longestArea}) from messages where campaign_id = $1
    ) as r`,
};

/**
 * Refuses a window that would hold recipients of a campaign for ever.
 * @throws InvalidInputError
 */
export async function checkWindowOfCampaign(
  database: Queryable,
  campaignId: string,
  settings: WindowSettings,
  now: Date,
): Promise<void> {
  const check = windowCheckOf(settings, now);
  if (!check) return;
  const rows = await database.query<{ recipient: string; country: string | null }>(sampleRecipients, [
    campaignId,
  ]);
  const { observeHolidays, endsAt, scheduledAt } = settings;
  if (observeHolidays && endsAt) {
    const countries = new Set(rows.flatMap(({ country }) => country ?? []));
    await prepareHolidays(countries, [scheduledAt ?? now, endsAt]);
  }
  for (const { recipient, country } of rows) check.check(recipient, country);
}
