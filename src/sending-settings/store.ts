import { recordAudit } from "../audit/record.ts";
import type { Clock } from "../lib/clock.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { InvalidInputError } from "../lib/errors.ts";
import { hasNumbers } from "../sms/phone-plans.ts";
import { requireStorable } from "../lib/storable.ts";
import { defaultSettings, type RegisteredSender, type SendingSettings } from "./settings.ts";

/** Channel of the notifications that settings have changed. */
export const settingsChannel = "smsgraph_settings";

/** SQL: the columns of the settings under an alias, null for an account without any. */
export const settingsColumns = (alias: string): string =>
  `${alias}.default_country as "defaultCountry", ${alias}.unreachable_numbers as "unreachableNumbers", ${alias}.sender_rules as "senderRules", ${alias}.registered_senders as "registeredSenders"`;

/** As a join finds them. */
export type SettingsColumns = { [Name in keyof SendingSettings]: SendingSettings[Name] | null };

export const settingsOf = (row: SettingsColumns | undefined): SendingSettings => ({
  defaultCountry: row?.defaultCountry ?? defaultSettings.defaultCountry,
  unreachableNumbers: row?.unreachableNumbers ?? defaultSettings.unreachableNumbers,
  senderRules: row?.senderRules ?? defaultSettings.senderRules,
  registeredSenders: row?.registeredSenders ?? defaultSettings.registeredSenders,
});

const read: Statement = {
  name: "read_sending_settings",
  text: `select ${settingsColumns("s")} from sending_settings as s where s.account_id = $1`,
};

/** The settings of an account. */
export const sendingSettingsOf = async (database: Queryable, accountId: string): Promise<SendingSettings> =>
  settingsOf((await database.query<SettingsColumns>(read, [accountId]))[0]);

const write: Statement = {
  name: "write_sending_settings",
  text: `
    with written as (
      insert into sending_settings (account_id, default_country, unreachable_numbers, sender_rules, updated_at, registered_senders)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (account_id) do update
      set default_country = excluded.default_country, unreachable_numbers = excluded.unreachable_numbers,
        sender_rules = excluded.sender_rules, registered_senders = excluded.registered_senders,
        updated_at = excluded.updated_at
    )
    select pg_notify('${settingsChannel}', '')`,
};

interface SettingsOptions {
  database: Database;
  clock: Clock;
  /** Told of the change, so that this process goes by it at once. */
  routingTables: { changed(accountId: string): void };
}

/**
 * Replaces the settings of an account; what is absent gets its default.
 * @throws InvalidInputError
 */
export async function setSendingSettings(
  { database, clock, routingTables }: SettingsOptions,
  accountId: string,
  input: { [Name in keyof SendingSettings]?: SendingSettings[Name] | null | undefined },
): Promise<SendingSettings> {
  const settings = { ...settingsOf(input as SettingsColumns) };
  settings.defaultCountry = checkDefaultCountry(settings.defaultCountry);
  checkRegistered(settings.registeredSenders);
  await database.transaction(async (transaction) => {
    const before = await sendingSettingsOf(transaction, accountId);
    const { defaultCountry, unreachableNumbers, senderRules, registeredSenders } = settings;
    const values = [accountId, defaultCountry, unreachableNumbers, senderRules, clock.now()];
    await transaction.query(write, [...values, JSON.stringify(registeredSenders)]);
    await recordAudit(transaction, { accountId, action: "SENDING_SETTINGS_SET", before, after: settings });
  });
  routingTables.changed(accountId);
  return settings;
}

const [maxSenders, maxSenderLength] = [500, 50];

function checkRegistered(senders: readonly RegisteredSender[]): void {
  if (senders.length > maxSenders)
    throw new InvalidInputError(
      "registeredSenders",
      `\`registeredSenders\` has at most ${maxSenders} entries.`,
    );
  for (const [index, { sender, countries }] of senders.entries()) {
    const path = `registeredSenders.${index}`;
    if (sender.trim() === "" || sender.length > maxSenderLength)
      throw new InvalidInputError(`${path}.sender`, `A sender has 1 to ${maxSenderLength} characters.`);
    requireStorable(sender, `${path}.sender`);
    const wrong = countries.find((country) => !hasNumbers(country));
    if (countries.length === 0 || wrong !== undefined)
      throw new InvalidInputError(
        `${path}.countries`,
        "Name countries by their codes (ISO 3166-1), such as SG.",
      );
  }
}

/** @throws InvalidInputError */
export function checkDefaultCountry(country: string | null): string | null {
  if (country === null || hasNumbers(country)) return country;
  throw new InvalidInputError(
    "defaultCountry",
    `"${country.slice(0, 40)}" is no country with phone numbers. Write its code of two capital letters (ISO 3166-1), such as SK.`,
  );
}
