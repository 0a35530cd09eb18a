import type { CadenceGroupReading, E164, NumberReading, ProviderReply } from "../provider.ts";
import { digitsOf } from "../wire/text.ts";
import { readReply } from "./problem.ts";
import type { Transport } from "./transport.ts";
import { type Group, readGroups, readNumberCheck } from "./wire.ts";

/** Sends nothing and costs nothing, but needs valid credentials and an allowed address. */
export async function check(transport: Transport): Promise<ProviderReply<{ detail: string }>> {
  return readReply(await transport.authenticate(), () => ({ detail: "the API key is accepted" }));
}

const pageSize = 100;
/** Stops at this page, in case a list never ends. */
const maxPages = 50;

/**
 * All cadence groups, page by page. If the first answer has no list, the groups are unknown; if a later one
 * has none, there are no more.
 */
export async function cadenceGroups(transport: Transport): Promise<ProviderReply<CadenceGroupReading[]>> {
  const groups = new Map<string, CadenceGroupReading>();
  for (let page = 0, startFrom = 0; page < maxPages; page++) {
    const fields = { limit: pageSize, startFrom: page === 0 ? undefined : startFrom };
    const reply = readReply(await transport.call("sms-groups", fields), (content) =>
      page === 0 ? readGroups(content) : (readGroups(content) ?? []),
    );
    if (!reply.ok) return reply;
    const known = groups.size;
    for (const reading of reply.value.flatMap(groupReading)) groups.set(reading.id, reading);
    startFrom += reply.value.length;
    // A page with nothing new means that the server counts `startFrom` differently.
    if (reply.value.length < pageSize || groups.size === known) break;
  }
  return { ok: true, value: [...groups.values()] };
}

function groupReading({ id, name, isPaused, note }: Group): CadenceGroupReading[] {
  return id === undefined ? [] : [{ id, name: name ?? id, paused: isPaused ?? false, note }];
}

/** The answer of `check_phone_number`. An existing number is no promise that a message will arrive. */
export async function lookUpNumber(
  transport: Transport,
  number: E164,
): Promise<ProviderReply<NumberReading>> {
  const reply = await transport.call("check_phone_number", { phone_number: spelled(number) });
  return readReply(reply, (content) => {
    const found = readNumberCheck(content);
    return found?.exists === undefined ? undefined : { valid: found.exists, network: found.operator };
  });
}

/** Slovak numbers in the format of the documentation's only example; others as digits only. */
function spelled(number: E164): string {
  return number.startsWith("+421") ? `0${number.slice(4)}` : digitsOf(number);
}
