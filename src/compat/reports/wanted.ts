/** Over all accounts, and of one: thousands of origins of one account leave room for everyone else's. */
const mostOfAll = 5_000;
const mostOfOne = mostOfAll / 8;

/** Origins of accounts to which more may be due. What is dropped as one too many is found by a later look. */
export class Wanted {
  readonly #byAccount = new Map<string, Set<string>>();
  #count = 0;

  has(name: string, accountId: string): boolean {
    return this.#byAccount.get(accountId)?.has(name) ?? false;
  }

  add(name: string, accountId: string): void {
    const own = this.#byAccount.get(accountId);
    if (own?.has(name) || !this.#hasPlace(own?.size ?? 0)) return;
    if (own) own.add(name);
    else this.#byAccount.set(accountId, new Set([name]));
    this.#count++;
  }

  delete(name: string, accountId: string): void {
    const own = this.#byAccount.get(accountId);
    if (!own?.delete(name)) return;
    this.#count--;
    if (own.size === 0) this.#byAccount.delete(accountId);
  }

  /**
   * Those of the accounts by turns, one of each at a time, for as long as `isOpen` says of the account. The next time
   * another account comes first.
   */
  *inTurns(isOpen: (accountId: string) => boolean): Generator<[name: string, accountId: string]> {
    let left = [...this.#byAccount].map(([accountId, own]) => ({ accountId, names: [...own].values() }));
    const [first] = left;
    if (first) this.#putLast(first.accountId);
    while (left.length > 0) {
      const open: typeof left = [];
      for (const one of left) {
        if (!isOpen(one.accountId)) continue;
        const next = one.names.next();
        if (next.done) continue;
        yield [next.value, one.accountId];
        open.push(one);
      }
      left = open;
    }
  }

  #putLast(accountId: string): void {
    const own = this.#byAccount.get(accountId);
    if (!own) return;
    this.#byAccount.delete(accountId);
    this.#byAccount.set(accountId, own);
  }

  /** For one more of an account that has so many: where all places are taken, whoever has most gives one up. */
  #hasPlace(count: number): boolean {
    if (count >= mostOfOne) return false;
    if (this.#count < mostOfAll) return true;
    if (count + 1 >= this.#count / this.#byAccount.size) return false;
    const [accountId, most] = [...this.#byAccount].reduce((one, other) =>
      other[1].size > one[1].size ? other : one,
    );
    for (const name of most) {
      this.delete(name, accountId);
      break;
    }
    return true;
  }
}
