import {
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isLeafType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ExecutionArgs,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
} from "graphql";
import type { WatchTarget } from "../../access/watch-tokens.ts";
import { ForbiddenError } from "../../lib/errors.ts";
import { encodeId } from "../../lib/global-id.ts";

type Arguments = Readonly<Record<string, unknown>>;

/**
 * The part of the schema that a watch token allows. Everything not named here is forbidden, including later
 * additions.
 */
interface Opening {
  /** The allowed root fields. Each function checks that the arguments ask for the token's target only. */
  entries: Readonly<Record<string, (targetId: string, args: Arguments) => boolean>>;
  /**
   * What may be selected below a root field. `"all"` is for types that belong to the target: all their plain
   * values, and the fields that lead to another allowed type. For any other type, only the listed fields.
   */
  types: Readonly<Record<string, "all" | readonly string[]>>;
}

const isTarget = (targetId: string, { id }: Arguments): boolean => id === targetId;

const areTarget = (targetId: string, ids: unknown): boolean =>
  Array.isArray(ids) && ids.length > 0 && ids.every((id) => id === targetId);

const filterOf = ({ filter }: Arguments): Arguments => (filter ?? {}) as Arguments;

const ofMessage: Opening = {
  entries: {
    "Query.message": (targetId, args) => isTarget(targetId, args) && args["clientRef"] == null,
    "Query.node": isTarget,
    "Query.nodes": (targetId, { ids }) => areTarget(targetId, ids),
    "Subscription.messageChanged": isTarget,
    "Subscription.messageEvents": (targetId, args) => areTarget(targetId, filterOf(args)["messageIds"]),
  },
  types: {
    Node: ["id"],
    Message: "all",
    MessageFailure: "all",
    Money: "all",
    MessageEvent: "all",
    MessageEventConnection: "all",
    MessageEventEdge: "all",
    MessageEventBatch: "all",
    CaughtUp: "all",
    StreamReset: "all",
    PageInfo: "all",
    Provider: ["id", "kind", "name"],
  },
};

const ofCampaign: Opening = {
  entries: {
    "Query.campaign": isTarget,
    "Query.node": isTarget,
    "Query.nodes": (targetId, { ids }) => areTarget(targetId, ids),
    "Subscription.campaignProgress": isTarget,
    "Subscription.messageEvents": (targetId, args) => filterOf(args)["campaignId"] === targetId,
  },
  types: {
    ...ofMessage.types,
    Campaign: "all",
    CampaignCounts: "all",
    CampaignOfProvider: "all",
    SendWindow: "all",
    MessageConnection: "all",
    MessageEdge: "all",
    RefusedRecipient: "all",
    RefusedRecipientConnection: "all",
    RefusedRecipientEdge: "all",
  },
};

/**
 * Why an operation may not run with a watch token; undefined when the token allows all of it. The whole
 * document is checked before anything runs, so that no path can be missed.
 */
export function checkWatched(args: ExecutionArgs, target: WatchTarget): ForbiddenError | undefined {
  const { schema, document } = args;
  const opening = target.type === "Message" ? ofMessage : ofCampaign;
  const targetId = encodeId(target.type, target.id);
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const typeInfo = new TypeInfo(schema);
  let refused: string | undefined;
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field(node) {
        const [parent, field] = [typeInfo.getParentType(), typeInfo.getFieldDef()];
        if (!parent || !field || isIntrospection(parent, field)) return;
        const name = `${parent.name}.${field.name}`;
        const isOpen = roots.has(parent as never)
          ? isEntry(opening, targetId, name, argumentsOf(args, field, node))
          : isReadable(opening, parent, field);
        if (!isOpen) refused ??= name;
      },
    }),
  );
  return refused === undefined ? undefined : refusal(refused, target, targetId);
}

/** Everyone can read the schema. */
const isIntrospection = (parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): boolean =>
  parent.name.startsWith("__") || field.name.startsWith("__");

function isEntry(
  { entries }: Opening,
  targetId: string,
  name: string,
  values: Arguments | undefined,
): boolean {
  return values !== undefined && Object.hasOwn(entries, name) && entries[name]?.(targetId, values) === true;
}

function isReadable(
  { types }: Opening,
  parent: GraphQLNamedType,
  field: GraphQLField<unknown, unknown>,
): boolean {
  const open = Object.hasOwn(types, parent.name) ? types[parent.name] : undefined;
  if (open === undefined) return false;
  if (open !== "all") return open.includes(field.name);
  const type = getNamedType(field.type);
  return isLeafType(type) || Object.hasOwn(types, type.name);
}

/** The arguments as the executor will see them; undefined when the executor will refuse them. */
function argumentsOf(
  { schema, document, operationName, variableValues }: ExecutionArgs,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): Arguments | undefined {
  const operation = getOperationAST(document, operationName);
  const coerced = getVariableValues(schema, operation?.variableDefinitions ?? [], variableValues ?? {}, {
    maxErrors: 1,
  });
  if (!("variableValues" in coerced)) return undefined;
  try {
    return getArgumentValues(field, node, coerced.variableValues);
  } catch {
    return undefined;
  }
}

function refusal(name: string, { type }: WatchTarget, targetId: string): ForbiddenError {
  const thing = type.toLowerCase();
  return new ForbiddenError(
    `This watch token opens one ${thing} (${targetId}) and nothing else: \`${name}\`, as it is asked for here, is not part of it.`,
  );
}
