import SchemaBuilder from "@pothos/core";
import DataloaderPlugin from "@pothos/plugin-dataloader";
import ErrorsPlugin from "@pothos/plugin-errors";
import PrismaPlugin from "@pothos/plugin-prisma";
import RelayPlugin from "@pothos/plugin-relay";
import ScopeAuthPlugin from "@pothos/plugin-scope-auth";
import { rights, type Right } from "../../access/scopes.ts";
import type PrismaTypes from "../../database/generated/pothos.ts";
import { getDatamodel } from "../../database/generated/pothos.ts";
import { ForbiddenError, InvalidInputError, UnauthenticatedError } from "../../lib/errors.ts";
import type { Upload } from "../../http/upload.ts";
import type { Context } from "../context.ts";
import { decodeAnyId, encodeId } from "../../lib/global-id.ts";
import type { NodeType } from "../../lib/node-type.ts";
import "./immediate-ids.ts";
import { maxNodes } from "./limits.ts";

/** The TypeScript types behind the schema. */
interface SchemaTypes {
  Context: Context;
  PrismaTypes: PrismaTypes;
  AuthScopes: Record<Right, boolean>;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: {
    ID: { Input: string; Output: string | number | bigint };
    DateTime: { Input: Date; Output: Date };
    Decimal: { Input: string; Output: { toString(): string } };
    Cursor: { Input: string; Output: string };
    Upload: { Input: Upload; Output: never };
    JSONObject: { Input: Record<string, unknown>; Output: Record<string, unknown> };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, RelayPlugin, PrismaPlugin, DataloaderPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true },
  scopeAuth: {
    // Without this, a stream would open without the scope, and each of its events would be an error.
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) =>
      Object.fromEntries(rights.map((right) => [right, viewer?.scopes.has(right) ?? false])) as Record<
        Right,
        boolean
      >,
    unauthorizedError: (_parent, { viewer }, info) =>
      viewer
        ? new ForbiddenError(
            `\`${info.fieldName}\` needs a scope that the key "${viewer.keyName}" does not have.`,
          )
        : new UnauthenticatedError("Send an API key: `Authorization: Bearer <key>`."),
  },
  relay: {
    cursorType: "String",
    encodeGlobalID: (type, id) => encodeId(type as NodeType, String(id)),
    decodeGlobalID: (globalId) => {
      const { type, id } = decodeAnyId(globalId, "id");
      return { typename: type, id };
    },
    nodeQueryOptions: {
      description: "Any object by its global id; null when this account has no such object.",
      args: { id: { description: "A global id from an earlier answer." } },
      authScopes: { READ: true },
    },
    nodesQueryOptions: {
      description:
        "Several objects by their global ids, in the given order; null for each that does not exist.",
      args: { ids: { description: `At most ${maxNodes} global ids.` } },
      authScopes: { READ: true },
      resolve: (_parent, { ids }, _context, _info, resolveNodes) => {
        if (ids.length <= maxNodes) return resolveNodes(ids);
        throw new InvalidInputError(
          "ids",
          `\`ids\` has ${ids.length} entries; at most ${maxNodes} are answered. Ask for the others in another query.`,
        );
      },
    },
    nodeTypeOptions: { description: "An object with an id that `node` can find." },
    idFieldOptions: { description: "Global id: opaque, unique across all types, and permanent." },
    pageInfoTypeOptions: { description: "The position of a page in its list." },
    hasNextPageFieldOptions: { description: "Whether there are entries after this page." },
    hasPreviousPageFieldOptions: { description: "Whether there are entries before this page." },
    startCursorFieldOptions: { description: "Cursor of the page's first entry: pass it as `before`." },
    endCursorFieldOptions: { description: "Cursor of the page's last entry: pass it as `after`." },
    cursorFieldOptions: { description: "The position of the entry in the list." },
    nodeFieldOptions: { description: "The entry itself." },
    edgesFieldOptions: { description: "The entries of the page with their cursors." },
    pageInfoFieldOptions: { description: "The position of the page in the list." },
    firstArgOptions: {
      description: "How many entries to return from the start, at most 100; 20 by default.",
    },
    lastArgOptions: { description: "How many entries to return from the end, at most 100." },
    afterArgOptions: { description: "Return entries after this cursor." },
    beforeArgOptions: { description: "Return entries before this cursor." },
  },
  prisma: {
    client: ({ database }) => database.prisma,
    dmmf: getDatamodel(),
    filterConnectionTotalCount: false,
  },
});

builder.queryType({
  description: "Reads messages and their timelines, campaigns, providers, rates and routing.",
});
builder.mutationType({
  description: "Sends messages and campaigns, connects providers, manages keys, rates and limits.",
});
builder.subscriptionType({ description: "Watches delivery as it happens, over WebSocket or SSE." });
