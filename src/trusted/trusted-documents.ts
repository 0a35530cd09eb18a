import type { Database, Statement } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";

/** A trigger notifies this channel when documents are stored or removed. */
const channel = "smsgraph_trusted_documents";
const retryMs = 1_000;

/** How many ids one installation may store; a process has all of them in memory. */
export const maxTrustedIds = 20_000;

/** The trusted documents, in memory: what a client makes up costs no statement. */
export class TrustedDocuments {
  readonly #database: Database;
  readonly #onError: (error: Error) => void;
  #texts: ReadonlyMap<string, string> = new Map();
  #known: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(database: Database, onError: (error: Error) => void) {
    this.#database = database;
    this.#onError = onError;
  }

  /** Resolves once they are read. */
  async open(listener: Listener): Promise<void> {
    await listener.on(channel, () => void this.#read());
    await this.#read();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** The text that has this id; undefined when nobody trusts such a document. */
  find(id: string): string | undefined {
    return this.#texts.get(id);
  }

  /** Whether this very text is trusted. */
  has(text: string): boolean {
    return this.#known.has(text);
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const rows = await this.#database.query<{ id: string; text: string }>(readAll, [maxTrustedIds]);
      // Texts with several ids are in memory once.
      const texts = new Map(rows.map(({ text }) => [text, text]));
      this.#texts = new Map(rows.map(({ id, text }) => [id, texts.get(text) ?? text]));
      this.#known = new Set(texts.keys());
    } catch (error) {
      if (this.#closed) return;
      this.#onError(error as Error);
      this.#timer = setTimeout(() => void this.#read(), retryMs).unref();
    }
  }
}

const readAll: Statement = {
  name: "read_trusted_documents",
  text: "select id, text from trusted_documents order by added_at, id limit $1",
};
