import { setTimeout as wait } from "node:timers/promises";
import { recordAudit } from "../audit/record.ts";
import { eraseCallbacks, eraseUnreadCallbacks } from "../callbacks/erase-callbacks.ts";
import { eraseDuplicates } from "../campaigns/intake/duplicates.ts";
import { eraseRefusedRecipients, isWaitingInCampaign } from "../campaigns/intake/erase-recipients.ts";
import type { Database } from "../database/database.ts";
import type { Clock } from "../lib/clock.ts";
import { InvalidInputError } from "../lib/errors.ts";
import { eraseKeys } from "../messages/accept/erase-keys.ts";
import { eraseMessages } from "../messages/changes/erase-messages.ts";
import { eraseParkedInbound } from "../messages/inbound/parked-inbound.ts";
import { eraseParked } from "../messages/receipts/erase-parked.ts";
import { sendingSettingsOf } from "../sending-settings/store.ts";
import { parseRecipient } from "../sms/phone.ts";
import { removeSuppressions } from "../suppressions/suppressions.ts";
import type { Erasure } from "./erasure.ts";

interface EraseOptions {
  database: Database;
  clock: Clock;
}

/** Recipients of a campaign become messages within seconds. */
const [waitMs, maxWaits] = [500, 40];

/**
 * Takes everything away by which a person can be known: numbers, texts and raw callbacks. Messages stay without them, with
 * their counts and costs. It works in short steps; when it is broken off, calling it again goes on.
 * @throws InvalidPhoneNumberError
 * @throws InvalidInputError while a campaign with the number is being imported
 */
export async function eraseRecipient(
  options: EraseOptions,
  accountId: string,
  { number: given, keepSuppressions }: { number: string; keepSuppressions: boolean },
): Promise<Erasure> {
  const { database, clock } = options;
  const { defaultCountry } = await sendingSettingsOf(database, accountId);
  const { to: number } = parseRecipient(given, defaultCountry);
  await waitForCampaigns(database, accountId, number);
  // Entries of the audit log outlive what is erased: they hold nothing of the number.
  await recordAudit(database, { accountId, action: "ERASURE_STARTED", after: { keepSuppressions } });
  const erasure: Erasure = {
    messages: 0,
    cancelled: 0,
    callbacks: await eraseUnreadCallbacks(database, accountId, number),
    refusedRecipients:
      (await eraseRefusedRecipients(database, accountId, number)) +
      (await eraseDuplicates(database, accountId, number)),
    suppressions: 0,
  };
  for (;;) {
    const erased = await eraseMessages(database, accountId, number, clock.now());
    if (!erased) break;
    erasure.messages += erased.count;
    erasure.cancelled += erased.cancelled;
    erasure.callbacks += await eraseCallbacks(database, number, erased);
  }
  await eraseKeys(database, accountId, number);
  await eraseParked(database, accountId, number);
  await eraseParkedInbound(database, accountId, number);
  if (!keepSuppressions) erasure.suppressions = await removeSuppressions(database, accountId, number, null);
  await recordAudit(database, { accountId, action: "RECIPIENT_ERASED", after: { ...erasure } });
  return erasure;
}

async function waitForCampaigns(database: Database, accountId: string, number: string): Promise<void> {
  for (let waits = 0; await isWaitingInCampaign(database, accountId, number); waits++) {
    if (waits === maxWaits)
      throw new InvalidInputError(
        "number",
        "A campaign with this number is still being read. Nothing was erased: try again when it is stored.",
      );
    await wait(waitMs);
  }
}
