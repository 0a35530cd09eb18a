import type { Database, Statement } from "../../database/database.ts";
import { listMessages } from "../../messages/log/message-lists.ts";
import type { MessageStatus } from "../../messages/model/status.ts";
import type { RecipientRow } from "./recipients.ts";
import { parseTemplate } from "./template.ts";

/** The messages of an earlier campaign that are sent again. */
export interface RetriedMessages {
  campaignId: string;
  statuses: readonly MessageStatus[];
}

/** Their texts are as they were sent, with all values filled in. */
export const retriedText = parseTemplate("{{text}}");

const pageSize = 2_500;

const read: Statement = {
  name: "read_messages_to_retry",
  text: `
    select recipient as "to", client_ref as "clientRef", text from messages
    where id = any ($1::uuid[]) and recipient <> ''
    order by id`,
};

/** The recipients of those messages, with their texts, in their order. Those whose number was erased are left out. */
export async function* readRetried(
  database: Database,
  { campaignId, statuses }: RetriedMessages,
): AsyncGenerator<readonly RecipientRow[]> {
  const owner = { kind: "campaign", id: campaignId } as const;
  let position = 0;
  for (let above: string | undefined; ;) {
    const ids = await listMessages(database, owner, { statuses, above, limit: pageSize, ascending: true });
    if (ids.length === 0) return;
    const rows = await database.query<{ to: string; clientRef: string | null; text: string }>(read, [ids]);
    yield rows.map(({ to, clientRef, text }) => ({ position: ++position, to, clientRef, values: [text] }));
    above = ids.at(-1);
  }
}
