/** How far apart the marks are that tell where two logs part. */
const eventsBetweenMarks = 1000;

/**
 * An ordered list of ids of any length in bounded memory: its length, a hash of all of it, and the hash after every
 * thousandth. Two lists with the same ids in another order, or one of them twice, have other hashes.
 */
export class RunningLog {
  readonly marks: string[] = [];
  count = 0;
  #low = 0x811c9dc5;
  #high = 0x1000193;

  get hash(): string {
    return `${(this.#high >>> 0).toString(16)}${(this.#low >>> 0).toString(16).padStart(8, "0")}`;
  }

  add(id: string): void {
    for (let index = 0; index < id.length; index++) {
      const code = id.charCodeAt(index);
      this.#low = Math.imul(this.#low ^ code, 0x01000193);
      this.#high = Math.imul(this.#high + code, 0x5bd1e995) ^ (this.#high >>> 15);
    }
    this.#low = Math.imul(this.#low ^ 0xff, 0x01000193);
    this.count++;
    if (this.count % eventsBetweenMarks === 0) this.marks.push(this.hash);
  }

  /** After how many events at most the logs were still the same. */
  agreesUntil({ marks }: RunningLog): number {
    const first = this.marks.findIndex((mark, index) => mark !== marks[index]);
    return (first < 0 ? this.marks.length : first) * eventsBetweenMarks;
  }
}
