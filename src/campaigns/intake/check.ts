import { DomainError, InvalidInputError, InvalidTextError, type RefusedRow } from "../../lib/errors.ts";
import { checkSegments, contentOf, planMessage, type MessagePlan } from "../../messages/accept/draft.ts";
import { routeMessage } from "../../messages/accept/choose-route.ts";
import type { StoredRoute } from "../../messages/model/stored-route.ts";
import type { TextEncoding } from "../../sms/text.ts";
import type { Amount } from "../../lib/money.ts";
import type { E164 } from "../../providers/provider.ts";
import type { RecipientRow } from "./recipients.ts";
import type { CampaignInput } from "./settings.ts";
import type { Template } from "./template.ts";
import type { WindowCheck } from "./window-check.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { Content } from "../../messages/accept/send-input.ts";

/**
 * The values that many recipients of a campaign share. There are few different ones, so each is computed
 * once.
 */
export interface Shape {
  country: string | null;
  providerId: string;
  sender: string;
  encoding: TextEncoding;
  segments: number;
  /** Why this provider was chosen. */
  route: StoredRoute;
  /** The cost of one message; undefined without a rate. */
  cost: Amount | undefined;
}

/** A recipient that will get a message. */
export interface Accepted {
  position: number;
  to: E164;
  clientRef: string | null;
  callbackUrl?: string | null | undefined;
  /** The text that this recipient gets. */
  text: string;
  given?: RecipientRow["given"];
  shape: Shape;
}

type Verdict = { accepted: Accepted } | { refused: RefusedRow };

interface CheckerOptions {
  input: CampaignInput;
  template: Template;
  table: RoutingTable;
  window: WindowCheck | undefined;
}

/** Decides for each recipient whether it gets a message, through which provider, and what that will cost. */
export class RecipientChecker {
  /** The sender ID, unless a provider has its own. */
  readonly sender: string;
  readonly #options: CheckerOptions;
  /** The content, when the text is the same for all recipients. */
  readonly #common: Content | undefined;
  readonly #shapes = new Map<string, Shape>();

  /**
   * @throws DomainError when something is wrong that would affect every recipient
   */
  constructor(options: CheckerOptions) {
    const { input, template, table } = options;
    this.#options = options;
    const { from, providerId, encoding } = input;
    if (template.names.length === 0) this.#common = contentOf({ text: template.render([]) ?? "", encoding });
    if (this.#common) checkSegments(this.#common, table.maxSegments);
    // Policies depend on the destination, so they are applied to each recipient later.
    const anywhere = { ...table, policies: [] };
    const content = this.#common ?? anyContent;
    const request = { from, providerId, to: "", text: content.text, encoding };
    this.sender = routeMessage(anywhere, request, "" as E164, null, content).sender;
  }

  check(row: RecipientRow): Verdict {
    try {
      return { accepted: this.#accept(row) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { refused: toRefusedRow(row, error) };
    }
  }

  #accept(row: RecipientRow): Accepted {
    if (row.problem !== undefined) throw new InvalidInputError("file", row.problem);
    const { position, clientRef, callbackUrl, to, given } = row;
    const { from, providerId, encoding } = this.#options.input;
    const text = this.#common?.text ?? this.#render(row);
    const input = { to, text, from, providerId, clientRef, encoding };
    const plan = planMessage(this.#options.table, input, this.#common);
    this.#options.window?.check(plan.recipient, plan.country);
    const { text: ready } = plan.content;
    const shape = this.#shapeOf(plan);
    return {
      position,
      to: plan.recipient,
      clientRef,
      callbackUrl,
      text: ready,
      shape,
      ...(given && { given }),
    };
  }

  #render({ values }: RecipientRow): string {
    const { template } = this.#options;
    const text = template.render(values);
    if (text !== undefined) return text;
    const missing = template.names.filter((_, index) => values[index] === undefined);
    throw new InvalidTextError(`There is no value for ${missing.map((name) => `{{${name}}}`).join(", ")}.`);
  }

  #shapeOf({ country, connection, sender, route, cost, content }: MessagePlan): Shape {
    const { encoding, segments } = content;
    const providerId = connection.row.id;
    const key = `${country ?? ""} ${providerId} ${encoding} ${segments}`;
    const known = this.#shapes.get(key);
    if (known) return known;
    const shape = { country, providerId, sender, encoding, segments, route, cost };
    this.#shapes.set(key, shape);
    return shape;
  }
}

/** Stands in for the content when each recipient has a different text. */
const anyContent = contentOf({ text: "Hello" });

const maxShownLength = 100;

/** The number is unchecked input of any content and length: make it text that can be stored. */
export function toRefusedRow(
  { position, to }: Pick<RecipientRow, "position" | "to">,
  { code, message }: DomainError,
): RefusedRow {
  return { position, recipient: showable(to.slice(0, maxShownLength)), code, reason: showable(message) };
}

const showable = (text: string): string => text.replaceAll("\0", "\uFFFD").toWellFormed();
