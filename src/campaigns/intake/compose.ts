import { DomainError, InvalidTextError, type RefusedRow } from "../../lib/errors.ts";
import type { Amount } from "../../lib/money.ts";
import { checkSegments, contentOf, planMessage } from "../../messages/accept/draft.ts";
import type { Content, SendInput } from "../../messages/accept/send-input.ts";
import type { WaitingText } from "../../messages/changes/waiting-texts.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import { toRefusedRow } from "./check.ts";
import { valuesAt } from "./given-values.ts";
import { indexOfName } from "./recipient-file.ts";
import { unknownPlaceholders } from "./recipients.ts";
import type { Template } from "./template.ts";

/** What the messages of a campaign are to say. */
export interface NewText {
  text: string;
  /** Absent or null for AUTO. */
  encoding?: SendInput["encoding"];
}

interface ComposerOptions {
  template: Template;
  encoding: SendInput["encoding"];
  /** The names of the values that are kept; null when none are. */
  valueNames: readonly string[] | null;
  table: RoutingTable;
}

/** What a message says, and what that costs. */
export interface Composed {
  content: Content;
  cost: Amount | undefined;
}

/** Makes the text of each message of a campaign anew. It stays with its provider and sender. */
export class Composer {
  readonly #options: ComposerOptions;
  /** Where the values of the placeholders are. */
  readonly #places: readonly number[];
  /** When the text is the same for all. */
  readonly #common: Content | undefined;

  /** @throws InvalidInputError when the text asks for what is not kept; InvalidTextError */
  constructor(options: ComposerOptions) {
    const { template, encoding, valueNames } = options;
    this.#options = options;
    this.#places = placesOf(template, valueNames);
    if (template.names.length === 0) this.#common = contentOf({ text: template.render([]) ?? "", encoding });
  }

  /** Checks what is the same for all messages. @throws InvalidTextError */
  checkCommon(): void {
    if (this.#common) checkSegments(this.#common, this.#options.table.maxSegments);
  }

  /** Checks a message as if it were sent now. */
  check(message: WaitingText): { composed: Composed } | { refused: RefusedRow } {
    try {
      const content = this.#contentOf(message);
      return { composed: { content, cost: this.#plan(message, content).cost } };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { refused: toRefusedRow({ position: message.position ?? 0, to: message.recipient }, error) };
    }
  }

  /** The same for a message that was checked before: what has changed since is no reason to leave it as it was. */
  compose(message: WaitingText): Composed {
    const checked = this.check(message);
    return "composed" in checked ? checked.composed : { content: this.#contentOf(message), cost: undefined };
  }

  #contentOf({ given }: WaitingText): Content {
    if (this.#common) return this.#common;
    const { template, encoding } = this.#options;
    const values = valuesAt(this.#places, given ?? []);
    const text = template.render(values);
    if (text !== undefined) return contentOf({ text, encoding });
    const missing = template.names.filter((_, index) => values[index] === undefined);
    throw new InvalidTextError(`There is no value for ${missing.map((name) => `{{${name}}}`).join(", ")}.`);
  }

  #plan({ recipient: to, sender: from, providerId }: WaitingText, content: Content) {
    const { table, encoding } = this.#options;
    return planMessage(table, { to, from, providerId, encoding, text: content.text }, content);
  }
}

function placesOf({ names }: Template, kept: readonly string[] | null): number[] {
  const places = names.map((name) => (kept ? indexOfName(name, kept, kept) : -1));
  const missing = names.filter((_, index) => places[index] === -1);
  if (missing.length === 0) return places;
  const known = (kept ?? []).filter((name) => name !== "").join(", ");
  throw unknownPlaceholders(
    missing,
    kept
      ? `The recipients have the values ${known || "none"}.`
      : "Values are kept only of a campaign that was created with a `scheduledAt`, until it begins.",
  );
}
