import type { Connection } from "../connections/connections.ts";
import { DomainError, InvalidInputError, InvalidTextError, type Refusal } from "../errors.ts";
import { chooseRoute, chooseSender, encode, longestReference } from "../messages/draft.ts";
import { parseRecipient, type Recipient } from "../messages/phone.ts";
import type { TextEncoding } from "../messages/text.ts";
import { estimateCost } from "../pricing/cost.ts";
import type { Amount } from "../pricing/money.ts";
import type { RateBook } from "../pricing/rate-book.ts";
import type { E164 } from "../providers/provider.ts";
import { storable } from "../storable.ts";
import type { RecipientRow } from "./recipients.ts";
import type { CampaignInput } from "./settings.ts";
import type { Template } from "./template.ts";

/** What many recipients of a campaign have in common: there are few of these, so each is worked out once. */
export interface Shape {
  country: string | null;
  providerId: string;
  sender: string;
  encoding: TextEncoding;
  segments: number;
  /** Of one message; undefined without a rate. */
  cost: Amount | undefined;
}

/** A recipient that will get a message. */
export interface Accepted {
  position: number;
  to: E164;
  clientRef: string | null;
  /** What it will read. */
  text: string;
  shape: Shape;
}

export type Verdict = { accepted: Accepted } | { refused: Refusal };

export interface CheckerOptions {
  input: CampaignInput;
  template: Template;
  /** The account's enabled connections, the preferred first. */
  routes: readonly Connection[];
  book: RateBook;
  now: Date;
}

interface Encoded {
  encoding: TextEncoding;
  segments: number;
  sender: string;
}

/** Decides for each recipient whether it gets a message, by which provider, and what that will cost. */
export class RecipientChecker {
  /** The sender, where a provider has no other. */
  readonly sender: string;
  readonly #options: CheckerOptions;
  readonly #chosen: Connection;
  /** The text, where it is the same for all. */
  readonly #commonText: string | undefined;
  readonly #common = new Map<Connection, Encoded>();
  readonly #shapes = new Map<string, Shape>();

  /** @throws DomainError what is wrong for whatever recipient */
  constructor(options: CheckerOptions) {
    const { input, template, routes } = options;
    this.#options = options;
    this.#chosen = chooseRoute({ text: input.text, providerId: input.providerId }, routes);
    this.sender = input.from ?? this.#chosen.row.defaultSender ?? chooseSender(input, "", this.#chosen);
    if (template.names.length > 0) return;
    this.#commonText = template.render([]) ?? "";
    this.#encodeCommon(this.#commonText, this.#chosen);
  }

  check(row: RecipientRow): Verdict {
    try {
      return { accepted: this.#accept(row) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { refused: toRefusal(row, error) };
    }
  }

  #accept(row: RecipientRow): Accepted {
    if (row.problem !== undefined) throw new InvalidInputError("file", row.problem);
    const recipient = parseRecipient(row.to);
    const { position, clientRef } = row;
    checkReference(clientRef);
    const text = this.#commonText ?? this.#render(row);
    const connection = this.#chooseRoute(recipient);
    const encoded =
      this.#commonText === undefined ? this.#encode(text, connection) : this.#encodeCommon(text, connection);
    return {
      position,
      to: recipient.to,
      clientRef,
      text,
      shape: this.#shapeOf(recipient, connection, encoded),
    };
  }

  /** The one place that decides which provider carries the message of a recipient. */
  #chooseRoute(_recipient: Recipient): Connection {
    return this.#chosen;
  }

  #render({ values }: RecipientRow): string {
    const { template } = this.#options;
    const text = template.render(values);
    if (text !== undefined) return text;
    const missing = template.names.filter((_, place) => values[place] === undefined);
    throw new InvalidTextError(`There is no value for ${missing.map((name) => `{{${name}}}`).join(", ")}.`);
  }

  #encode(text: string, connection: Connection): Encoded {
    const { encoding, segments } = encode({ text }, connection);
    return { encoding, segments, sender: chooseSender(this.#options.input, text, connection) };
  }

  #encodeCommon(text: string, connection: Connection): Encoded {
    const known = this.#common.get(connection);
    if (known) return known;
    const encoded = this.#encode(text, connection);
    this.#common.set(connection, encoded);
    return encoded;
  }

  #shapeOf({ country }: Recipient, { row }: Connection, { encoding, segments, sender }: Encoded): Shape {
    const key = `${country ?? ""} ${row.id} ${encoding} ${segments}`;
    const known = this.#shapes.get(key);
    if (known) return known;
    const providerId = row.id;
    const { book, now } = this.#options;
    const cost = estimateCost(book, { providerId, country, segments }, now);
    const shape = { country, providerId, sender, encoding, segments, cost };
    this.#shapes.set(key, shape);
    return shape;
  }
}

function checkReference(clientRef: string | null): void {
  if (clientRef === null) return;
  if (clientRef.length === 0 || clientRef.length > longestReference) {
    throw new InvalidInputError("clientRef", `\`clientRef\` must have 1 to ${longestReference} characters.`);
  }
  storable(clientRef, "clientRef");
}

const longestShown = 100;

/** The number as it was given may be anything at all; what is stored of it is text. */
function toRefusal({ position, to }: RecipientRow, { code, message }: DomainError): Refusal {
  return { position, recipient: showable(to.slice(0, longestShown)), code, reason: showable(message) };
}

const showable = (text: string): string => text.replaceAll("\0", "\uFFFD").toWellFormed();
