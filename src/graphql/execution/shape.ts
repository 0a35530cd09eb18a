import {
  GraphQLError,
  GraphQLID,
  GraphQLString,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from "graphql";

/** A type without its wrappers, so that values need not be asked for them one by one. */
export type Shape = { isRequired: boolean } & (
  | { kind: "leaf"; write: (value: unknown) => unknown }
  | { kind: "object"; type: GraphQLObjectType }
  | { kind: "abstract"; type: GraphQLAbstractType }
  | { kind: "list"; item: Shape }
);

export function shapeOf(type: GraphQLOutputType): Shape {
  const isRequired = isNonNullType(type);
  const inner = isRequired ? type.ofType : type;
  if (isListType(inner)) return { isRequired, kind: "list", item: shapeOf(inner.ofType) };
  if (isObjectType(inner)) return { isRequired, kind: "object", type: inner };
  if (isLeafType(inner)) return { isRequired, kind: "leaf", write: writerOf(inner) };
  return { isRequired, kind: "abstract", type: inner };
}

/** An error of a scalar is one of ours, not of the caller's document. */
function writerOf(type: GraphQLLeafType): (value: unknown) => unknown {
  const isText = type === GraphQLString || type === GraphQLID;
  return (value) => {
    if (isText && typeof value === "string") return value;
    const written = coerced(type, value);
    if (written == null) throw new Error(`The value of the type ${type.name} is written as ${written}.`);
    return written;
  };
}

function coerced(type: GraphQLLeafType, value: unknown): unknown {
  try {
    return type.coerceOutputValue(value);
  } catch (error) {
    throw error instanceof GraphQLError ? new Error(error.message) : error;
  }
}
