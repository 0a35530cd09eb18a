import { BusyError } from "./errors.ts";
import { HolderTurns } from "./holder-turns.ts";

/**
 * What is sent to us is parsed in one piece, and checked before its work can be divided. This is for one text at a time,
 * of accounts in turn, and after each everybody else has the event loop for as long as it took.
 */
const turns = new HolderTurns({ rests: true });

/** A text of so many bytes may take a millisecond. */
const largeBytes = 16 * 1024;
/** Of somebody without a key, who has nothing long to say. */
const largeOfStranger = 4 * 1024;

/** Those without a key share their turns, and so many of their texts wait for one. */
const strangers = "";
const mostOfStrangers = 64;

/** Whether a text waits for a turn before it is read. Without a holder (an account), a stranger sent it. */
export const isLargeText = (bytes: number, holder = strangers): boolean =>
  bytes > (holder === strangers ? largeOfStranger : largeBytes);

/** Waits for a turn to read a text, if it is large. @throws BusyError when too many texts of strangers wait */
export async function turnToRead(bytes: number, holder = strangers): Promise<void> {
  if (!isLargeText(bytes, holder)) return;
  if (holder === strangers && turns.waiting(holder) >= mostOfStrangers) throw new BusyError();
  await turns.next(holder);
}
