import type {
  ProviderClient,
  ReconcileOutcome,
  ReconcileSupport,
  UncertainSubmission,
} from "../../src/providers/provider.ts";

export interface Known {
  /** Provider ids that other messages of ours have. */
  claimedIds?: readonly string[];
  knownBatches?: readonly string[];
  /** Whether the message may be sent again to ask. */
  resendAllowed?: boolean;
}

/** What the domain answers an adapter. */
export function supportOf({
  claimedIds = [],
  knownBatches = [],
  resendAllowed = true,
}: Known = {}): ReconcileSupport & {
  resends: string[];
} {
  const resends: string[] = [];
  return {
    resends,
    knownIds: (ids) => Promise.resolve(new Set(ids.filter((id) => claimedIds.includes(id)))),
    knownBatches: (ids) => Promise.resolve(new Set(ids.filter((id) => knownBatches.includes(id)))),
    claimResend: (messageId) => {
      if (resendAllowed) resends.push(messageId);
      return Promise.resolve(resendAllowed);
    },
    returnResend: (messageId) => {
      resends.splice(resends.indexOf(messageId), 1);
      return Promise.resolve();
    },
  };
}

/** Looks for one submission. */
export async function reconcileOne(
  client: ProviderClient,
  { claimedIds, knownBatches, resendAllowed, ...submission }: UncertainSubmission & Known,
): Promise<ReconcileOutcome> {
  const support = supportOf({ claimedIds, knownBatches, resendAllowed });
  const [outcome, ...others] = await client.reconcile([submission], support);
  if (!outcome || others.length > 0) throw new Error("One submission has one outcome");
  return outcome;
}
