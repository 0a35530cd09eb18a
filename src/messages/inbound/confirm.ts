import type { Database, Statement } from "../../database/database.ts";
import type { MessageSender } from "../accept/send.ts";
import { readOptOut } from "./opt-out.ts";
import { optOutSettingsOf } from "./settings.ts";

const read: Statement = {
  name: "read_opt_out_message",
  text: `
    select m.account_id as "accountId", m.provider_id as "providerId", m.sender as person, a.sender as own, m.text
    from messages as m join messages as a on a.id = m.answers
    where m.id = $1`,
};

interface OptOutMessage {
  accountId: string;
  providerId: string;
  person: string;
  own: string;
  text: string;
}

/**
 * Answers a person who wrote STOP, if the account wants that, as the sender that the person was texted by: whoever knows a
 * callback URL must not choose it, nor text strangers. The idempotency key makes it one answer a day to a number,
 * whatever the number sends: two machines cannot answer each other for ever. An answer that cannot be sent is left out.
 */
export async function confirmOptOut(
  { database, sender }: { database: Database; sender: MessageSender },
  messageId: string,
): Promise<void> {
  const [message] = await database.query<OptOutMessage>(read, [messageId]);
  if (!message) return;
  const { accountId, providerId, person, own, text } = message;
  const answer = readOptOut(await optOutSettingsOf(database, accountId), text)?.language?.answer;
  if (answer == null) return;
  const input = { to: person, text: answer, answers: messageId, ownKey: `opt-out ${person}` };
  const [first] = await sender.send(accountId, [{ ...input, from: own || null, providerId }], undefined);
  // The provider may be gone, or not let the answered number be a sender: then with what there is.
  if (first && "error" in first && first.error.code !== "IDEMPOTENCY_CONFLICT")
    await sender.send(accountId, [input], undefined);
}
