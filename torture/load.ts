import { setTimeout as pause } from "node:timers/promises";
import { type Caller } from "./caller.ts";
import { createChance, type Chance } from "./chance.ts";
import { Recipients, type Order } from "./orders.ts";
import type { Provider } from "./providers.ts";

export interface LoadOptions {
  seed: number;
  providers: readonly Provider[];
  callers: () => Caller;
  /** Nothing new is begun any more. */
  isOver: () => boolean;
  singlesPerSecond: number;
  secondsBetweenCampaigns: number;
  mostRecipients: number;
}

interface Campaign {
  id: string;
  orders: Order[];
  wasCancelled: boolean;
}

/** Of the recipients, those to whom something happens at their provider. More would keep every breaker open. */
const strangeShare = 0.15;

const send = `mutation ($input: SendMessageInput!) {
  result: sendMessage(input: $input) { __typename ... on Message { id } ... on Error { message } }
}`;
const create = `mutation ($input: CreateCampaignInput!) {
  result: createCampaign(input: $input) { __typename ... on Campaign { id } ... on Error { message } }
}`;
const change = (name: string): string =>
  `mutation ($id: ID!) { result: ${name}(id: $id) { __typename ... on Error { code message } } }`;

interface Answer {
  result: { __typename: string; id?: string; code?: string; message?: string };
}

/** Everyone who wants something sent. What was acknowledged is remembered, and nothing is given up before it is. */
export class Load {
  /** By recipient: what was acknowledged. */
  readonly orders = new Map<string, Order>();
  readonly campaigns: Campaign[] = [];
  /** Acknowledged single messages that somebody took back in time. */
  readonly cancelled = new Set<string>();
  /** Answers that nobody should get. */
  readonly problems: string[] = [];
  singles = 0;
  pauses = 0;
  readonly #options: LoadOptions;
  readonly #recipients: Recipients;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#recipients = new Recipients(
      createChance(options.seed, "recipients"),
      options.providers,
      strangeShare,
    );
  }

  /** Resolves when everything that was begun is acknowledged. */
  async run(): Promise<void> {
    await Promise.all([this.#sendSingles(), this.#createCampaigns()]);
  }

  async #sendSingles(): Promise<void> {
    const chance = createChance(this.#options.seed, "singles");
    const under = new Set<Promise<void>>();
    for (let index = 0; !this.#options.isOver(); index++) {
      const sending = this.#sendSingle(chance, index).finally(() => under.delete(sending));
      under.add(sending);
      await pause((chance.next() * 2_000) / this.#options.singlesPerSecond);
      // People who wait do not ask for more.
      if (under.size > 200) await Promise.race(under);
    }
    await Promise.all(under);
  }

  async #sendSingle(chance: Chance, index: number): Promise<void> {
    const provider = this.#providerFor(chance);
    const mayBeTwice = provider === undefined && chance.is(0.1);
    const isScheduled = chance.is(0.08);
    const isTakenBack = chance.is(isScheduled ? 0.5 : 0.03);
    const order = this.#order(provider, mayBeTwice, undefined);
    const text = `Hello ${index}${chance.is(0.1) ? ", and so on".repeat(15) : ""}`;
    const input = {
      ...(provider && { providerId: provider.id }),
      ...(mayBeTwice && { duplicatePolicy: "ALLOW_POSSIBLE_DUPLICATE" }),
      ...(isScheduled && { scheduledAt: new Date(Date.now() + 4_000 + chance.below(4_000)) }),
      to: `+${order.to}`,
      text,
      idempotencyKey: `single ${index}`,
    };
    const caller = this.#options.callers();
    const id = await this.#ask(caller, send, { input });
    if (id === undefined) return;
    this.singles++;
    this.orders.set(order.to, order);
    if (!isTakenBack) return;
    const { result } = await caller.ask<Answer>(change("cancelMessage"), { id });
    if (result.code === undefined) this.cancelled.add(order.to);
  }

  async #createCampaigns(): Promise<void> {
    const { seed, secondsBetweenCampaigns } = this.#options;
    const chance = createChance(seed, "campaigns");
    const under: Promise<void>[] = [];
    for (let index = 0; !this.#options.isOver(); index++) {
      under.push(this.#runCampaign(chance, index));
      await this.#while(chance.next() * 2 * secondsBetweenCampaigns);
    }
    await Promise.all(under);
  }

  async #runCampaign(chance: Chance, index: number): Promise<void> {
    const provider = this.#providerFor(chance);
    const size = 1 + chance.below(this.#options.mostRecipients);
    const orders = Array.from({ length: size }, () => this.#order(provider, false, index));
    const input = {
      ...(provider && { providerId: provider.id }),
      name: `Campaign ${index}`,
      text: chance.is(0.5) ? `News ${index}` : `News ${index} for {{name}}`,
      recipients: orders.map(({ to }) => ({ to: `+${to}`, values: { name: `n${to.slice(-6)}` } })),
      idempotencyKey: `campaign ${index}`,
    };
    const [pauses, cancels, waits] = [chance.is(0.3), chance.is(0.15), chance.next() * 3];
    const caller = this.#options.callers();
    const id = await this.#ask(caller, create, { input });
    if (id === undefined) return;
    const campaign = { id, orders, wasCancelled: false };
    this.campaigns[index] = campaign;
    for (const order of orders) this.orders.set(order.to, order);
    if (pauses) {
      await this.#while(waits);
      await caller.ask(change("pauseCampaign"), { id });
      await this.#while(waits);
      await caller.ask(change("resumeCampaign"), { id });
      this.pauses++;
    }
    if (!cancels) return;
    await this.#while(waits);
    campaign.wasCancelled = true;
    await caller.ask(change("cancelCampaign"), { id });
  }

  async #ask(
    caller: Caller,
    document: string,
    variables: Record<string, unknown>,
  ): Promise<string | undefined> {
    const { result } = await caller.ask<Answer>(document, variables);
    // Whoever had to ask again for long asks too late.
    const isJust = result.__typename === "InvalidScheduleError";
    if (result.id === undefined && !isJust) this.problems.push(`${result.__typename}: ${result.message}`);
    return result.id;
  }

  /** A seventh is routed. */
  #providerFor(chance: Chance): Provider | undefined {
    return chance.is(0.15) ? undefined : chance.pick(this.#options.providers);
  }

  #order(provider: Provider | undefined, mayBeTwice: boolean, campaign: number | undefined): Order {
    const kind = provider?.twin.kind;
    return { to: this.#recipients.draw(kind), kind, mayBeTwice, campaign };
  }

  /** So long, or until the end. */
  async #while(seconds: number): Promise<void> {
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until && !this.#options.isOver()) await pause(100);
  }
}
