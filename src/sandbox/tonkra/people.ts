import type { TonkraContext } from "./context.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Message } from "./state.ts";

/** What the recipient of a message answers, as a message to its sender; undefined until then, and for people who say nothing. */
export function answerTo({ clock, reportMs }: TonkraContext, message: Message): Message | undefined {
  const { says, slowness } = behaviourFor(message.to);
  const startsAt = message.startsAt + 2 * reportMs * slowness;
  if (says === undefined || message.isForeign || clock.now() < startsAt) return undefined;
  const { from: to, to: from, uid, id } = message;
  return {
    uid: `a${uid.slice(1)}`,
    id,
    from,
    to,
    text: says,
    type: "plain",
    parts: 1,
    isForeign: false,
    startsAt,
  };
}
