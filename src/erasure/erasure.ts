/** What was taken away. */
export interface Erasure {
  /** Messages in both directions whose text and number are gone. */
  messages: number;
  /** Those of them that waited to be sent. */
  cancelled: number;
  callbacks: number;
  refusedRecipients: number;
  /** Entries on the list of numbers that are not to be texted. */
  suppressions: number;
}
