/** How much a reader of a live stream may leave unread, and for how long. */
export interface ReaderLimits {
  /**
   * Bytes that may wait for one connection. Over it nothing more is read for that reader: what happens meanwhile waits
   * in the event log.
   */
  maxUnreadBytes: number;
  /** How long a reader may take nothing at all before it is disconnected. Under the keep-alive's 12 s. */
  stallMs: number;
}

export const defaultReaderLimits: ReaderLimits = { maxUnreadBytes: 256 * 1024, stallMs: 10_000 };

/** The WebSocket close code of a reader that took nothing for too long; clients come back with their cursor. */
export const slowReaderCode = 4413;
export const slowReaderReason = "Too slow: come back with your cursor";
