import type { SharedState } from "../../src/providers/provider.ts";

/** What several processes would share, in one. */
export interface MemoryState extends SharedState {
  value: string | undefined;
  /** How often something new was made. */
  renewals: number;
}

export function createMemoryState(value?: string): MemoryState {
  let turn: Promise<unknown> = Promise.resolve();
  const state: MemoryState = {
    value,
    renewals: 0,
    read: () => Promise.resolve(state.value),
    renew(seen, make) {
      const renewal = turn.then(async () => {
        if (state.value !== undefined && state.value !== seen) return state.value;
        state.renewals++;
        return (state.value = await make());
      });
      turn = renewal.catch(() => {});
      return renewal;
    },
  };
  return state;
}
