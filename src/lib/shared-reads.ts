interface Group<Result> {
  running: Promise<unknown>;
  next: Promise<Result> | undefined;
}

/**
 * Combines equal reads. Callers that arrive while a read is running share the next one. A read starts only
 * after all its callers have asked, so each sees everything committed before it asked.
 */
export class SharedReads<Question, Answer> {
  readonly #keyOf: (question: Question) => string;
  readonly #read: (question: Question) => Promise<Answer>;
  readonly #groups = new Map<string, Group<Answer>>();

  constructor(keyOf: (question: Question) => string, read: (question: Question) => Promise<Answer>) {
    this.#keyOf = keyOf;
    this.#read = read;
  }

  ask(question: Question): Promise<Answer> {
    const key = this.#keyOf(question);
    const group = this.#groups.get(key);
    if (group) return (group.next ??= this.#after(key, group, question));
    const created: Group<Answer> = { running: Promise.resolve(), next: undefined };
    this.#groups.set(key, created);
    // Starts after this turn of the event loop, so that callers of one turn share a read.
    const turn = new Promise<void>((resolve) => void setImmediate(resolve));
    created.running = turn;
    return (created.next = this.#after(key, created, question));
  }

  async #after(key: string, group: Group<Answer>, question: Question): Promise<Answer> {
    await group.running;
    group.next = undefined;
    const answer = this.#read(question);
    group.running = answer.then(
      () => this.#forget(key, group),
      () => this.#forget(key, group),
    );
    return answer;
  }

  #forget(key: string, group: Group<Answer>): void {
    if (!group.next) this.#groups.delete(key);
  }
}
