import { InvalidInputError } from "../../lib/errors.ts";
import { zonesOf } from "../../sms/time-zones.ts";
import { everOpens, spreadOf, type SendWindow } from "../../sms/send-window.ts";
import type { CampaignSettings } from "./settings.ts";

/** Refuses recipients whose messages a send window would hold forever. */
export class WindowCheck {
  readonly #window: SendWindow;
  readonly #hasZone: boolean;
  readonly #day: Date;
  /** Cached by time zones, since few recipients differ in them. */
  readonly #problems = new Map<string, string | undefined>();

  constructor(window: SendWindow, hasZone: boolean, day: Date) {
    this.#window = window;
    this.#hasZone = hasZone;
    this.#day = day;
  }

  /**
   * @throws InvalidInputError when the window is never open for this recipient
   */
  check(recipient: string, country: string | null): void {
    const zones = zonesOf(recipient, country);
    const key = zones.join(" ");
    if (!this.#problems.has(key)) this.#problems.set(key, this.#problemOf(zones));
    const problem = this.#problems.get(key);
    if (problem !== undefined) throw new InvalidInputError("sendWindow", problem);
  }

  #problemOf(zones: readonly string[]): string | undefined {
    if (zones.length === 0) return this.#hasZone ? undefined : unknownZone;
    if (everOpens(this.#window, zones, this.#day)) return undefined;
    const hours = (spreadOf(zones, this.#day) / 60).toFixed(2).replace(/\.?0+$/, "");
    return (
      `The number may be in any of ${zones.length} time zones, such as ${zones[0]} or ${zones.at(-1)}, and \`sendWindow\` is ` +
      `never open in all of them. Make it longer than ${hours} hours, or send to these numbers without one.`
    );
  }
}

const unknownZone =
  "The number tells neither a country nor a time zone. Give `timeZone`, so that `sendWindow` can go by it.";

/** Undefined without a send window. */
export function windowCheckOf(
  { windowStart, windowEnd, timeZone, scheduledAt }: CampaignSettings,
  now: Date,
): WindowCheck | undefined {
  if (windowStart === null || windowEnd === null) return undefined;
  return new WindowCheck({ start: windowStart, end: windowEnd }, timeZone !== null, scheduledAt ?? now);
}
