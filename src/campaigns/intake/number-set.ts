/**
 * A set of numbers above zero that takes 8 bytes per slot: a million numbers take 16 MB, a fifth of what a
 * `Set` takes. Open addressing; grows when it is half full.
 */
export class NumberSet {
  #slots = new Float64Array(1024);
  #size = 0;

  /** False when the number was already in the set. */
  add(number: number): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    if (!put(this.#slots, number)) return false;
    this.#size++;
    return true;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const number of this.#slots) if (number !== 0) put(larger, number);
    this.#slots = larger;
  }
}

function put(slots: Float64Array, number: number): boolean {
  const mask = slots.length - 1;
  // Multiplying by the golden ratio spreads neighbouring numbers over the table.
  const low = Math.imul(number % 4_294_967_296, 0x9e37_79b1) ^ Math.imul(number / 4_294_967_296, 0x85eb_ca6b);
  for (let slot = (low ^ (low >>> 15)) & mask; ; slot = (slot + 1) & mask) {
    const known = slots[slot];
    if (known === number) return false;
    if (known !== 0) continue;
    slots[slot] = number;
    return true;
  }
}
