/**
 * A set of numbers above zero that takes 8 bytes per slot: a million numbers take 16 MB, a fifth of what a
 * `Set` takes. Open addressing; grows when it is half full.
 */
export class NumberSet {
  #places = new Float64Array(1024);
  #size = 0;

  /** False when the number was already in the set. */
  add(number: number): boolean {
    if (this.#size * 2 >= this.#places.length) this.#grow();
    if (!put(this.#places, number)) return false;
    this.#size++;
    return true;
  }

  #grow(): void {
    const larger = new Float64Array(this.#places.length * 2);
    for (const number of this.#places) if (number !== 0) put(larger, number);
    this.#places = larger;
  }
}

function put(places: Float64Array, number: number): boolean {
  const mask = places.length - 1;
  // Multiplying by the golden ratio spreads neighbouring numbers over the table.
  const low = Math.imul(number % 4_294_967_296, 0x9e37_79b1) ^ Math.imul(number / 4_294_967_296, 0x85eb_ca6b);
  for (let place = (low ^ (low >>> 15)) & mask; ; place = (place + 1) & mask) {
    const known = places[place];
    if (known === number) return false;
    if (known !== 0) continue;
    places[place] = number;
    return true;
  }
}
