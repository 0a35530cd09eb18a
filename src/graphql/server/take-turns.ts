import type { Plugin } from "graphql-yoga";
import { holderOf } from "../../access/allowance.ts";
import type { Paces } from "../live/pace.ts";
import type { ServerContext } from "../transport-context.ts";

/** While another account asks, the requests of an account are parsed and checked in turns. */
export const takeTurns = (paces: Paces): Plugin<object, ServerContext> => ({
  onParams({ context: { viewer, req } }) {
    const holder = holderOf(viewer);
    if (req && paces.isShared(holder)) return paces.of(holder).next(req.socket);
    return undefined;
  },
});
