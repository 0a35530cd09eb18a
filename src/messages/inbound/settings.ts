import { recordAudit } from "../../audit/record.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { InvalidInputError, InvalidTextError } from "../../lib/errors.ts";
import { requireStorable } from "../../lib/storable.ts";
import { contentOf } from "../accept/draft.ts";
import { defaultOptOut, wordKey, type OptOutSettings } from "./opt-out.ts";

const [maxLanguages, maxWords, maxWordLength] = [50, 50, 50];

const read: Statement = {
  name: "read_opt_out_settings",
  text: `select account_id as "accountId", scope, languages from opt_out_settings where account_id = any ($1::uuid[])`,
};

/** The settings of accounts, by account; an account without settings is not in it. */
export async function readOptOutSettings(
  database: Queryable,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, OptOutSettings>> {
  const rows = await database.query<OptOutSettings & { accountId: string }>(read, [accountIds]);
  return new Map(rows.map(({ accountId, ...settings }) => [accountId, settings]));
}

export const optOutSettingsOf = async (database: Queryable, accountId: string): Promise<OptOutSettings> =>
  (await readOptOutSettings(database, [accountId])).get(accountId) ?? defaultOptOut;

const write: Statement = {
  name: "write_opt_out_settings",
  text: `
    insert into opt_out_settings (account_id, scope, languages, updated_at) values ($1, $2, $3, $4)
    on conflict (account_id) do update
      set scope = excluded.scope, languages = excluded.languages, updated_at = excluded.updated_at`,
};

/** Replaces the settings of an account. @throws InvalidInputError, InvalidTextError */
export async function setOptOutSettings(
  { database, clock }: { database: Database; clock: Clock },
  accountId: string,
  settings: OptOutSettings,
): Promise<OptOutSettings> {
  checkSettings(settings);
  const { scope, languages } = settings;
  await database.transaction(async (transaction) => {
    const before = await optOutSettingsOf(transaction, accountId);
    await transaction.query(write, [accountId, scope, JSON.stringify(languages), clock.now()]);
    await recordAudit(transaction, { accountId, action: "OPT_OUT_SET", before, after: settings });
  });
  return settings;
}

function checkSettings({ languages }: OptOutSettings): void {
  if (languages.length > maxLanguages)
    throw new InvalidInputError("languages", `\`languages\` has at most ${maxLanguages} entries.`);
  const known = new Map<string, string>();
  for (const [index, { language, words, answer }] of languages.entries()) {
    const path = `languages.${index}`;
    if (!/^[a-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}$/.test(language))
      throw new InvalidInputError(`${path}.language`, "Write a language as `en` or `pt-BR`.");
    if (words.length === 0 || words.length > maxWords)
      throw new InvalidInputError(`${path}.words`, `Give 1 to ${maxWords} words.`);
    for (const word of words) checkWord(word, `${path}.words`, language, known);
    if (answer !== null) checkAnswer(answer);
  }
}

function checkWord(word: string, path: string, language: string, known: Map<string, string>): void {
  const key = wordKey(requireStorable(word, path));
  if (key === "" || word.length > maxWordLength)
    throw new InvalidInputError(
      path,
      `A word has a letter or digit, and at most ${maxWordLength} characters.`,
    );
  const other = known.get(key);
  if (other !== undefined && other !== language)
    throw new InvalidInputError(path, `"${word}" is a word of ${other}, too. Leave it in one language.`);
  known.set(key, language);
}

/** It is sent as it is, so it must be a text that can be sent. */
function checkAnswer(answer: string): void {
  const { segments } = contentOf({ text: answer });
  if (segments > 3)
    throw new InvalidTextError(
      `The answer needs ${segments} segments; it may have 3. Shorten it.`,
      segments,
      3,
    );
}
