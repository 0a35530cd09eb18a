import { HolderTurns } from "./holder-turns.ts";

/**
 * What is sent to us as JSON of many kilobytes is parsed in one piece, and checked before its work can be divided. This is for
 * one at a time, of accounts in turn, and after each everybody else has the event loop for as long as it took.
 */
export const largeTexts = new HolderTurns((next) => {
  const begunAt = performance.now();
  setImmediate(() => setTimeout(next, performance.now() - begunAt));
});

/** A text of so many bytes takes a millisecond or more. */
export const largeTextBytes = 64 * 1024;
