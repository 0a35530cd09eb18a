import type { Clock } from "../clock.ts";
import type { Delivery } from "./delivery.ts";
import type { TikosmsState } from "./state.ts";

/** What the endpoints share. */
export interface TikosmsContext {
  token: string;
  clock: Clock;
  state: TikosmsState;
  delivery: Delivery;
  /** Client references (else numbers) whose first attempt was throttled. */
  attempted: Set<string>;
}
