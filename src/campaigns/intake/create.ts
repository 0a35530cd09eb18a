import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import { InvalidInputError, NoRecipientsError, type RefusedRow } from "../../lib/errors.ts";
import { asLongRequestIfMany } from "../../lib/places.ts";
import { Slices } from "../../lib/slices.ts";
import { newMessageId } from "../../lib/uuid.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import { restrict } from "../../pricing/routing/restrict.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import { isStorable } from "../../lib/storable.ts";
import { RecipientChecker, type Accepted } from "./check.ts";
import { abandonImport } from "./imports.ts";
import { NumberSet } from "./number-set.ts";
import { withoutSuppressed } from "./suppressed.ts";
import { readRetried, retriedText } from "./retry.ts";
import { PreviewTally, type CampaignPreview } from "./preview.ts";
import { readRecipientFile } from "./recipient-file.ts";
import { readInline, type RecipientRow, type RecipientSource } from "./recipients.ts";
import { checkKey, checkLength, checkSettings, fingerprint, type CampaignInput } from "./settings.ts";
import { beginImport, findEarlier, sealImport, type NewCampaign, type Repeat } from "./store.ts";
import {
  addToImport,
  ImportBuffer,
  maxShownRefusals,
  type Chunk,
  type Suppressed,
} from "./store-recipients.ts";
import { senderWarnings, type SendingSettings } from "../../sending-settings/settings.ts";
import { checkDefaultCountry } from "../../sending-settings/store.ts";
import { callingCodeOf } from "../../sms/phone-plans.ts";
import { textWarnings } from "../../sms/text-warnings.ts";
import { readTemplate, type Template } from "./template.ts";
import { prepareWindowCheck, windowCheckOf } from "./window-check.ts";

export interface CreateOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  clock: Clock;
  /** What the calling key may send. */
  within: SendRestrictions | undefined;
}

type CreateOutcome = { campaignId: string } | { preview: CampaignPreview };

/**
 * Always read the routing table afresh: the caller may just have changed a policy through another process.
 */
const staleMs = 0;

/** A slow upload renews its lease at least this often. */
const signEveryMs = 15_000;

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
  if (!input.retry && (input.recipients == null) === (input.file == null))
    throw new InvalidInputError("recipients", "Give exactly one of `recipients` and `file`.");
  const idempotencyKey = input.dryRun === true ? null : checkKey(input.idempotencyKey);
  const print = idempotencyKey === null ? null : fingerprint(input);
  const repeat = { accountId, idempotencyKey, fingerprint: print };
  // Checked first: a repeated request stays accepted, even if the same input would be refused by now.
  const earlier = await findEarlier(database, repeat);
  if (earlier.kind === "repeated") return { campaignId: earlier.campaignId };
  // Files have places of their own, since they may take as long as a slow client.
  return asLongRequestIfMany(
    accountId,
    input.retry ? Infinity : (input.recipients?.length ?? 0),
    async () => {
      const prepared = await prepare(options, accountId, input);
      try {
        if (input.dryRun === true) return { preview: await preview(options, accountId, prepared) };
        return { campaignId: await importAll(options, { ...prepared.campaign, ...repeat }, prepared) };
      } finally {
        await prepared.source.close?.();
      }
    },
  );
}

/** Checks everything that can be checked before something is stored. */
async function prepare(
  { database, routingTables, clock, within }: CreateOptions,
  accountId: string,
  input: CampaignInput,
): Promise<PreparedCampaign> {
  const now = clock.now();
  const settings = checkSettings(input, now);
  if (input.from != null) checkLength(input.from, "from");
  const template = input.retry ? retriedText : readTemplate(input.text);
  const table = restrict(forCampaign(await routingTables.of(accountId, staleMs), input), within);
  await prepareWindowCheck(settings);
  const checker = new RecipientChecker({ input, template, table, window: windowCheckOf(settings, now) });
  const keepsValues = settings.scheduledAt !== null && input.dryRun !== true;
  const source = await open(database, input, template, {
    defaultCountry: table.settings.defaultCountry,
    keepsValues,
    holder: accountId,
  });
  const campaign = {
    ...settings,
    id: newMessageId(now),
    providerId: input.providerId ?? null,
    sender: checker.sender,
    text: input.text,
    encoding: input.encoding ?? null,
    valueNames: source.valueNames?.map((name) => (isStorable(name) ? name : "")) ?? null,
    servedAs: input.served?.api ?? null,
    callbackUrl: input.served?.callbackUrl ?? null,
  };
  return { campaign, checker, source, settings: table.settings, keepsAll: input.duplicates === "KEEP_ALL" };
}

/** A campaign may have a default country of its own. */
function forCampaign(table: RoutingTable, { defaultCountry }: CampaignInput): RoutingTable {
  if (defaultCountry == null) return table;
  return { ...table, settings: { ...table.settings, defaultCountry: checkDefaultCountry(defaultCountry) } };
}

interface PreparedCampaign extends Recipients {
  settings: SendingSettings;
  campaign: Omit<NewCampaign, keyof Repeat>;
}

/** Where recipients come from, and what decides which of them are taken. */
interface Recipients {
  source: RecipientSource;
  checker: RecipientChecker;
  /** Whether repeated numbers are kept. */
  keepsAll: boolean;
}

function open(
  database: Database,
  { recipients, file, columns, retry, sheet, fileEncoding, dryRun }: CampaignInput,
  template: Template,
  {
    defaultCountry,
    keepsValues,
    holder,
  }: { defaultCountry: string | null; keepsValues: boolean; holder: string },
): Promise<RecipientSource> | RecipientSource {
  if (retry) return readRetried(database, retry);
  if (file == null) return readInline(recipients ?? [], template, { keepsValues });
  const callingCode = defaultCountry === null ? undefined : callingCodeOf(defaultCountry);
  return readRecipientFile(file, template, columns ?? [], {
    sheet,
    encoding: fileEncoding,
    callingCode,
    keepsValues,
    holder,
    // A campaign is made also when its caller does not wait so long.
    signal: dryRun === true ? file.signal : undefined,
  });
}

async function preview(
  { database, spending, routingTables }: CreateOptions,
  accountId: string,
  { source, checker, keepsAll, settings, campaign: { text } }: PreparedCampaign,
): Promise<CampaignPreview> {
  const tally = new PreviewTally();
  const seen = new NumberSet();
  const slices = new Slices(accountId);
  for await (const rows of source) {
    const chunk = await withoutSuppressed(database, accountId, await checkRows(rows, checker, slices));
    tally.add(keepsAll ? chunk : withoutRepeated(chunk, seen));
    await slices.rest();
  }
  const refusal = await spending.within([accountId], (_transaction, ledgers) => {
    const ledger = ledgers.get(accountId);
    const errors = tally.spends.flatMap((spend) => ledger?.take(spend) ?? []);
    return Promise.resolve({ spends: [], result: errors[0] ?? null });
  });
  const warnings = [
    ...textWarnings(text, tally.longest, routingTables.maxSegments),
    ...senderWarnings(settings, tally.senders),
  ];
  return { ...tally.preview(refusal, warnings), file: source.reading ?? null };
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
  { id: campaignId, text, accountId }: NewCampaign,
  { source, checker, keepsAll }: Recipients,
): Promise<{ accepted: number; refused: number; first: RefusedRow[] }> {
  const first: RefusedRow[] = [];
  let [accepted, refused] = [0, 0];
  const buffer = new ImportBuffer(text);
  const slices = new Slices(accountId);
  let signAt = clock.now().getTime() + signEveryMs;
  let storing: Promise<void> = Promise.resolve();
  const leaveOut = async (adding: Promise<Suppressed>): Promise<void> => {
    const suppressed = await adding;
    accepted -= suppressed.count;
    refused += suppressed.count;
    first.push(...suppressed.first.slice(0, maxShownRefusals - first.length));
  };
  const store = async (): Promise<void> => {
    await storing;
    const now = clock.now();
    storing = leaveOut(addToImport(database, { campaignId, keepsAll }, buffer, now));
    storing.catch(() => undefined);
    signAt = now.getTime() + signEveryMs;
  };
  try {
    for await (const rows of source) {
      const chunk = await checkRows(rows, checker, slices);
      accepted += chunk.accepted.length;
      refused += chunk.refused.length;
      first.push(...chunk.refused.slice(0, maxShownRefusals - first.length));
      buffer.add(chunk);
      if (buffer.isFull || clock.now().getTime() >= signAt) await store();
      await slices.rest();
    }
    if (buffer.size > 0) await store();
  } finally {
    // Wait for the last write, so that removing a failed import comes after it.
    await Promise.allSettled([storing]);
  }
  await storing;
  return { accepted, refused, first };
}

async function checkRows(
  rows: readonly RecipientRow[],
  checker: RecipientChecker,
  slices: Slices,
): Promise<Chunk> {
  const accepted: Accepted[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    if (slices.isOver) await slices.rest();
    const verdict = checker.check(row);
    if ("refused" in verdict) refused.push(verdict.refused);
    else accepted.push(verdict.accepted);
  }
  return { accepted, refused };
}

/** Leaves out numbers that came before, as the database does when it stores them. */
function withoutRepeated<Checked extends Chunk>(
  chunk: Checked,
  seen: NumberSet,
): Checked & { repeated: Accepted[] } {
  const repeated: Accepted[] = [];
  const accepted = chunk.accepted.filter(
    (one) => seen.add(Number(one.to.slice(1))) || (repeated.push(one), false),
  );
  return { ...chunk, accepted, repeated };
}
