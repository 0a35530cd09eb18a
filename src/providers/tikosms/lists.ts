import type { ProviderReply } from "../provider.ts";
import { fetchRows } from "./look-up.ts";
import { readReplyOr } from "./problem.ts";
import type { Transport } from "./transport.ts";
import { type Campaign, readCampaigns, type Report } from "./wire.ts";

/** What TikoSMS lists, as it was a moment ago at most. */
export interface Lists {
  campaigns(): Promise<ProviderReply<Campaign[]>>;
  /** The messages of one campaign. */
  rows(campaignId: string): Promise<ProviderReply<Report[]>>;
}

/** Of a bulk that was not answered a thousand messages are looked for at once, in the same few lists. */
const freshMs = 3_000;
const mostLists = 24;

export function createLists(transport: Transport): Lists {
  const campaigns = createMemory<Campaign[]>(async () =>
    readReplyOr(await transport.get("/get_messages"), [], readCampaigns),
  );
  const rows = createMemory<Report[]>((campaign_id) => fetchRows(transport, { campaign_id }));
  return { campaigns: () => campaigns(""), rows };
}

type Ask<Value> = (key: string) => Promise<ProviderReply<Value>>;

/** Answers of the last moment, and those under way, serve all who ask. A problem is not kept. */
function createMemory<Value>(ask: Ask<Value>): Ask<Value> {
  const kept = new Map<string, { at: number; reply: Promise<ProviderReply<Value>> }>();
  return (key) => {
    const now = performance.now();
    for (const [old, { at }] of kept) if (now - at > freshMs || kept.size > mostLists) kept.delete(old);
    const found = kept.get(key);
    if (found) return found.reply;
    const reply = ask(key);
    kept.set(key, { at: now, reply });
    void reply.then(({ ok }) => ok || kept.delete(key));
    return reply;
  };
}
