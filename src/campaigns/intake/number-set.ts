/**
 * A set of numbers above zero, 8 bytes for each place: a million take 16 MB, where a `Set` takes five times as much.
 * Open addressing; grows when it is half full.
 */
export class NumberSet {
  #places = new Float64Array(1024);
  #size = 0;

  /** False when it was there already. */
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
  // Neighbouring numbers must not become neighbouring places: multiplied by the golden ratio they spread.
  const low = Math.imul(number % 4_294_967_296, 0x9e37_79b1) ^ Math.imul(number / 4_294_967_296, 0x85eb_ca6b);
  for (let place = (low ^ (low >>> 15)) & mask; ; place = (place + 1) & mask) {
    const known = places[place];
    if (known === number) return false;
    if (known !== 0) continue;
    places[place] = number;
    return true;
  }
}
