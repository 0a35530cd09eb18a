import type { LastAskers } from "../../access/last-askers.ts";

/**
 * Operations of one holder that may begin in one turn of the event loop: less than half a millisecond, unless they are meant
 * to be long. While another account asks, one.
 */
const inOneTurn = 2;
/** So much is read in one turn of all sockets of a holder: what one socket gives at once. */
const turnBytes = 64 * 1024;
/** With so many operations behind it, nothing more is read from a socket, and with so many of all from none. */
const maxWaiting = 64;

/** From this long on, what operations did before they waited for something counts as much. */
const longMs = 0.5;
/** So many times as long nothing begins after it, while another account asks: that has most of the time. */
const restTimes = 4;
const maxRestMs = 100;

/** A flood comes in bursts: so long, and so many, it is remembered who has sent something. */
const rememberMs = 1_000;
const maxRemembered = 256;

/** A WebSocket, or the connection of requests. */
interface Source {
  pause: () => void;
  resume: () => void;
}

/** What waits of one socket. */
interface Line {
  socket: Source;
  waiting: (() => void)[];
  /** What was last read of it at once, and when. */
  bytes: number;
  readAt: number;
}

/**
 * Lets everyone else have a turn between the frames and operations of a holder (an account, or all who have no key) that
 * sends many at once, over one socket or many: reading, parsing, checking and refusing thousands of them would hold the
 * process for a third of a second. Its sockets take turns too. What is not read waits in its clients. While another
 * account asks, it rests after what took long.
 */
export class Pace {
  readonly #lines = new WeakMap<Source, Line>();
  /** Those with operations that wait. */
  readonly #queue = new Set<Line>();
  /** Those that are not read. */
  readonly #resting = new Set<Line>();
  /** Those that have sent something of late, the last ones at the end: what they send next may be here already. */
  readonly #senders = new Set<Line>();
  /** Called when nothing waits, and nobody is remembered. */
  readonly #onIdle: () => void;
  /** Whether another account asks. */
  readonly #isShared: () => boolean;
  #begun = 0;
  #read = 0;
  #firstReadAt = 0;
  #waiting = 0;
  #isTurning = false;
  #isForgetting = false;

  constructor(onIdle: () => void = () => undefined, isShared: () => boolean = () => false) {
    this.#onIdle = onIdle;
    this.#isShared = isShared;
  }

  /** Resolves when the next operation of the socket may begin; undefined when it may at once. */
  next(socket: Source): Promise<void> | undefined {
    this.#turn();
    if (this.#begun < this.#mostInTurn && this.#queue.size === 0) {
      this.#begun++;
      return undefined;
    }
    const line = this.#lineOf(socket);
    if (line.waiting.length === maxWaiting) this.#rest(line);
    this.#queue.add(line);
    this.#waiting++;
    return new Promise((begin) => line.waiting.push(begin));
  }

  /** So many bytes have come from the socket. */
  read(socket: Source, bytes: number): void {
    this.#turn();
    const line = this.#lineOf(socket);
    Object.assign(line, { bytes, readAt: performance.now() });
    this.#remember(line);
    if (this.#read === 0) this.#firstReadAt = line.readAt;
    const wasEnough = this.#read >= turnBytes;
    this.#read += bytes;
    if (wasEnough) this.#rest(line);
    else if (this.#read >= turnBytes) for (const sender of this.#senders) this.#rest(sender);
  }

  /** The socket has ended, or is not to be read any more. */
  leave(socket: Source): void {
    const line = this.#lines.get(socket);
    if (!line) return;
    this.#waiting -= line.waiting.length;
    line.waiting.length = 0;
    this.#queue.delete(line);
    this.#resting.delete(line);
    this.#senders.delete(line);
  }

  get #mostInTurn(): number {
    return this.#isShared() ? 1 : inOneTurn;
  }

  #lineOf(socket: Source): Line {
    const known = this.#lines.get(socket);
    if (known) return known;
    const made: Line = { socket, waiting: [], bytes: 0, readAt: 0 };
    this.#lines.set(socket, made);
    return made;
  }

  #remember(line: Line): void {
    this.#senders.delete(line);
    this.#senders.add(line);
    const [oldest] = this.#senders;
    if (oldest && this.#senders.size > maxRemembered) this.#senders.delete(oldest);
  }

  #rest(line: Line): void {
    line.socket.pause();
    this.#resting.add(line);
  }

  #turn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    let startedAt = 0;
    setImmediate(() => {
      // Who has sent much rests after the reading of it too.
      startedAt = this.#read >= turnBytes ? this.#firstReadAt : performance.now();
      this.#read = 0;
      this.#begun = 0;
      while (this.#begun < this.#mostInTurn && this.#beginNext()) this.#begun++;
    });
    // Comes right after what the ones that have begun do before they wait for something.
    setImmediate(() => {
      const ms = performance.now() - startedAt;
      if (ms < longMs || !this.#isShared()) return this.#end();
      this.#begun = inOneTurn;
      setTimeout(() => this.#end(), Math.min(ms * restTimes, maxRestMs));
    });
  }

  #end(): void {
    this.#isTurning = false;
    if (this.#waiting < maxWaiting) this.#readOn();
    if (this.#begun > 0 || this.#resting.size > 0) this.#turn();
    else this.#forget();
  }

  #forget(): void {
    const now = performance.now();
    for (const line of this.#senders) {
      if (now - line.readAt < rememberMs) break;
      this.#senders.delete(line);
    }
    if (this.#senders.size === 0) return this.#onIdle();
    if (this.#isForgetting) return;
    this.#isForgetting = true;
    setTimeout(() => {
      this.#isForgetting = false;
      if (!this.#isTurning) this.#forget();
    }, rememberMs).unref();
  }

  #beginNext(): boolean {
    const [line] = this.#queue;
    if (!line) return false;
    // The last in the queue, if it has more.
    this.#queue.delete(line);
    const begin = line.waiting.shift();
    if (line.waiting.length > 0) this.#queue.add(line);
    this.#waiting--;
    begin?.();
    return true;
  }

  /** Those that send little are read together, those that send much one in a turn. */
  #readOn(): void {
    let bytes = 0;
    for (const line of this.#resting) {
      if (line.waiting.length >= maxWaiting) continue;
      if (bytes > 0 && bytes + line.bytes > turnBytes) return;
      bytes += Math.max(line.bytes, 1);
      this.#resting.delete(line);
      line.socket.resume();
    }
  }
}

/** The paces of all who have sent something in this turn of the event loop, or have something waiting. */
export class Paces {
  readonly #askers: LastAskers;
  readonly #paces = new Map<string, Pace>();

  constructor(askers: LastAskers) {
    this.#askers = askers;
  }

  /** Whether an account other than this one asks. */
  isShared(holder: string): boolean {
    return this.#askers.isAnotherThan(holder);
  }

  leave(holder: string, socket: Source): void {
    this.#paces.get(holder)?.leave(socket);
  }

  of(holder: string): Pace {
    const known = this.#paces.get(holder);
    if (known) return known;
    const made = new Pace(
      () => this.#paces.delete(holder),
      () => this.isShared(holder),
    );
    this.#paces.set(holder, made);
    return made;
  }
}
