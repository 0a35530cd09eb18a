/** How much data a reader of a live stream may leave unread, and for how long. */
export interface ReaderLimits {
  /**
   * Unread bytes per connection. Above this, nothing more is read for that reader; its events wait in the
   * event log.
   */
  maxUnreadBytes: number;
  /**
   * A reader that takes nothing at all for this long is disconnected. Shorter than the keep-alive of 12 s.
   */
  stallMs: number;
}

export const defaultReaderLimits: ReaderLimits = { maxUnreadBytes: 256 * 1024, stallMs: 10_000 };

/** The WebSocket close code for a reader that was too slow. Clients come back with their cursor. */
export const slowReaderCode = 4413;
export const slowReaderReason = "Too slow: come back with your cursor";
