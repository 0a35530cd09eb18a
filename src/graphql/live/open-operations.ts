/**
 * Operations of all WebSocket connections that have started and are not answered yet. A drain waits for them.
 */
export class OpenOperations {
  /**
   * Most connections have one operation, and a set with one entry takes much memory: so one id is stored
   * without a set.
   */
  readonly #ids = new Map<object, string | Set<string>>();
  #drained: PromiseWithResolvers<void> | undefined;

  /** False while draining: the operation must not start. Its client tries again on a new connection. */
  begin(connection: object, id: string): boolean {
    if (this.#drained) return false;
    const ids = this.#ids.get(connection);
    if (ids === undefined) this.#ids.set(connection, id);
    else if (typeof ids === "string") this.#ids.set(connection, new Set([ids, id]));
    else ids.add(id);
    return true;
  }

  get isDraining(): boolean {
    return this.#drained !== undefined;
  }

  has(connection: object): boolean {
    return this.#ids.has(connection);
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
   * Takes no more operations. Resolves when all are answered, or after `maxMs`: operations that wait for an
   * unreachable database must not keep the process alive.
   */
  async drain(maxMs: number): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    if (this.#ids.size === 0) return;
    const timer = setTimeout(() => this.#drained?.resolve(), maxMs);
    await this.#drained.promise;
    clearTimeout(timer);
  }
}
