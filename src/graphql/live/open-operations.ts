/** The operations of all WebSocket connections that were taken and not yet answered; a drain waits for them. */
export class OpenOperations {
  /** Mostly a connection has one, and a set of one is large. */
  readonly #ids = new Map<object, string | Set<string>>();
  #drained: PromiseWithResolvers<void> | undefined;

  /** False while draining: the operation must not start, its client tries again on a new connection. */
  begin(connection: object, id: string): boolean {
    if (this.#drained) return false;
    const ids = this.#ids.get(connection);
    if (ids === undefined) this.#ids.set(connection, id);
    else if (typeof ids === "string") this.#ids.set(connection, new Set([ids, id]));
    else ids.add(id);
    return true;
  }

  end(connection: object, id: string): void {
    const ids = this.#ids.get(connection);
    if (ids instanceof Set) ids.delete(id);
    if (ids === id || (ids instanceof Set && ids.size === 0)) this.endAll(connection);
  }

  endAll(connection: object): void {
    this.#ids.delete(connection);
    if (this.#ids.size === 0) this.#drained?.resolve();
  }

  /**
   * Takes nothing more; resolves when everything taken has its answer, or after `maxMs`: what waits for a database
   * that is away must not keep the process.
   */
  async drain(maxMs: number): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    if (this.#ids.size === 0) return;
    const timer = setTimeout(() => this.#drained?.resolve(), maxMs);
    await this.#drained.promise;
    clearTimeout(timer);
  }
}
