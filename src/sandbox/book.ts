/** A message as the provider itself has it: what a client's view of it can be checked against. */
export interface BookEntry {
  /** Digits only. */
  to: string;
  /** The client's own reference, where the API has one. */
  reference: string | null;
  /** What it costs, in the provider's money or units; null where the API tells no price. */
  cost: number | null;
  /** When it was taken, where it has no reference and can only be found by its time. */
  takenAt?: Date;
}
