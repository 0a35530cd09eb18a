import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import { InvalidInputError, InvalidTextError, NoRecipientsError, type RefusedRow } from "../../lib/errors.ts";
import { newMessageId } from "../../lib/uuid.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import { isStorable } from "../../lib/storable.ts";
import { RecipientChecker, type Accepted } from "./check.ts";
import { readCsv } from "./csv.ts";
import { abandonImport } from "./imports.ts";
import { NumberSet } from "./number-set.ts";
import { PreviewTally, type CampaignPreview } from "./preview.ts";
import { readInline, type RecipientRow, type RecipientSource } from "./recipients.ts";
import { checkKey, checkLength, checkSettings, fingerprint, type CampaignInput } from "./settings.ts";
import { beginImport, findEarlier, sealImport, type NewCampaign, type Repeat } from "./store.ts";
import { addToImport, ImportBuffer, type Chunk } from "./store-recipients.ts";
import { textWarnings } from "../../sms/text-warnings.ts";
import { parseTemplate, type Template } from "./template.ts";
import { windowCheckOf } from "./window-check.ts";

export interface CreateOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  clock: Clock;
}

type CreateOutcome = { campaignId: string } | { preview: CampaignPreview };

/**
 * Always read the routing table afresh: the caller may just have changed a policy through another process.
 */
const staleMs = 0;

/** Recipients per insert: enough to be cheap, few enough for a short transaction. */
const chunkSize = 2_500;

/** A slow upload renews its lease at least this often. */
const signEveryMs = 15_000;

/** Characters, placeholders included. 255 segments of GSM-7 are fewer. */
const maxTextLength = 40_000;

/** How many refused recipients an error lists. */
const maxShownRefusals = 10;

/**
 * Accepts a campaign: once this returns, it is committed and will be sent. Recipients that cannot get a
 * message are refused one by one; a number that occurs twice counts once. Memory does not grow with the size
 * of a file.
 * @throws DomainError when the input is wrong; nothing is stored then
 */
export async function createCampaign(
  options: CreateOptions,
  accountId: string,
  input: CampaignInput,
): Promise<CreateOutcome> {
  const { database } = options;
  if ((input.recipients == null) === (input.file == null))
    throw new InvalidInputError("recipients", "Give exactly one of `recipients` and `file`.");
  const idempotencyKey = input.dryRun === true ? null : checkKey(input.idempotencyKey);
  const print = idempotencyKey === null ? null : fingerprint(input);
  const repeat = { accountId, idempotencyKey, fingerprint: print };
  // Checked first: a repeated request stays accepted, even if the same input would be refused by now.
  const earlier = await findEarlier(database, repeat);
  if (earlier.kind === "repeated") return { campaignId: earlier.campaignId };
  const prepared = await prepare(options, accountId, input);
  if (input.dryRun === true) return { preview: await preview(options, accountId, prepared) };
  const campaign: NewCampaign = { ...prepared.campaign, ...repeat };
  // The numbers of a file are too many to keep in memory.
  const seen = input.file == null ? new NumberSet() : undefined;
  return { campaignId: await importAll(options, campaign, { ...prepared, seen }) };
}

/** Checks everything that can be checked before something is stored. */
async function prepare(
  { routingTables, clock }: CreateOptions,
  accountId: string,
  input: CampaignInput,
): Promise<PreparedCampaign> {
  const now = clock.now();
  const settings = checkSettings(input, now);
  if (input.from != null) checkLength(input.from, "from");
  const template = readTemplate(input.text);
  const table = await routingTables.of(accountId, staleMs);
  const checker = new RecipientChecker({ input, template, table, window: windowCheckOf(settings, now) });
  const source = await open(input, template);
  const campaign = {
    ...settings,
    id: newMessageId(now),
    providerId: input.providerId ?? null,
    sender: checker.sender,
    text: input.text,
  };
  return { campaign, checker, source };
}

function readTemplate(text: string): Template {
  if (!isStorable(text))
    throw new InvalidTextError("The text contains a NUL character or half a surrogate pair. Remove it.");
  if (text.length > maxTextLength)
    throw new InvalidTextError(`The text has more than ${maxTextLength} characters. Shorten it.`);
  return parseTemplate(text);
}

interface PreparedCampaign {
  campaign: Omit<NewCampaign, keyof Repeat>;
  source: RecipientSource;
  checker: RecipientChecker;
}

/** Where recipients come from, and what decides which of them are taken. */
interface Recipients {
  source: RecipientSource;
  checker: RecipientChecker;
  /** The numbers so far; undefined leaves repeated ones to the database. */
  seen: NumberSet | undefined;
}

function open(
  { recipients, file }: CampaignInput,
  template: Template,
): Promise<RecipientSource> | RecipientSource {
  return file == null ? readInline(recipients ?? [], template) : readCsv(file, template);
}

async function preview(
  { spending, routingTables }: CreateOptions,
  accountId: string,
  { source, checker, campaign: { text } }: PreparedCampaign,
): Promise<CampaignPreview> {
  const tally = new PreviewTally();
  const seen = new NumberSet();
  for await (const rows of source) {
    tally.add(checkRows(rows, checker, seen));
    await nextTurn();
  }
  const refusal = await spending.within([accountId], (_transaction, ledgers) => {
    const ledger = ledgers.get(accountId);
    const errors = tally.spends.flatMap((spend) => ledger?.take(spend) ?? []);
    return Promise.resolve({ spends: [], result: errors[0] ?? null });
  });
  return tally.preview(refusal, textWarnings(text, tally.longest, routingTables.maxSegments));
}

/** Returns the id of the campaign that holds the idempotency key, if another request took it meanwhile. */
async function importAll(
  options: CreateOptions,
  campaign: NewCampaign,
  recipients: Recipients,
): Promise<string> {
  const { database, spending, clock } = options;
  const campaignId = await beginImport(database, campaign);
  if (campaignId !== campaign.id) return campaignId;
  try {
    const { accepted, refused, first } = await storeAll(options, campaign, recipients);
    if (accepted === 0) throw new NoRecipientsError(refused, first);
    if (await sealImport(spending, campaign, clock.now())) return campaignId;
    throw new Error("The import was given up, since it gave no sign of life for too long");
  } catch (error) {
    // If this fails, for example because the database is away, the regular clean-up removes it later.
    await abandonImport(database, campaignId).catch(() => undefined);
    throw error;
  }
}

/** Reads and checks the next recipients while the previous ones are being stored. */
async function storeAll(
  { database, clock }: CreateOptions,
  { id, text }: NewCampaign,
  { source, checker, seen }: Recipients,
): Promise<{ accepted: number; refused: number; first: RefusedRow[] }> {
  const first: RefusedRow[] = [];
  let [accepted, refused] = [0, 0];
  const buffer = new ImportBuffer(text);
  let signAt = clock.now().getTime() + signEveryMs;
  let storing: Promise<void> = Promise.resolve();
  const store = async (): Promise<void> => {
    await storing;
    const now = clock.now();
    storing = addToImport(database, id, buffer, now);
    storing.catch(() => undefined);
    signAt = now.getTime() + signEveryMs;
  };
  try {
    for await (const rows of source) {
      const chunk = checkRows(rows, checker, seen);
      accepted += chunk.accepted.length;
      refused += chunk.refused.length;
      first.push(...chunk.refused.slice(0, maxShownRefusals - first.length));
      buffer.add(chunk);
      if (buffer.size >= chunkSize || clock.now().getTime() >= signAt) await store();
      await nextTurn();
    }
    if (buffer.size > 0) await store();
  } finally {
    // Wait for the last write, so that removing a failed import comes after it.
    await Promise.allSettled([storing]);
  }
  await storing;
  return { accepted, refused, first };
}

/** Leaves out repeated numbers. Without `seen`, the database does that on insert. */
function checkRows(
  rows: readonly RecipientRow[],
  checker: RecipientChecker,
  seen: NumberSet | undefined,
): Chunk {
  const accepted: Accepted[] = [];
  const refused: RefusedRow[] = [];
  let duplicates = 0;
  for (const row of rows) {
    const verdict = checker.check(row);
    if ("refused" in verdict) refused.push(verdict.refused);
    else if (seen?.add(Number(verdict.accepted.to.slice(1))) === false) duplicates++;
    else accepted.push(verdict.accepted);
  }
  return { accepted, refused, duplicates };
}
