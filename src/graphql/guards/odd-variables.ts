import {
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from "graphql";

/** Values in variables that no type describes: somebody's mistake has a few. */
const mostUndescribed = 200;

/** Fields of an object that may have any: as many columns as a file of recipients has. */
const mostFields = 1_000;

/**
 * Whether variables hold far more than their types describe. GraphQL writes a wrong value in full into its error, for
 * each thing that is wrong with it, which would take seconds.
 */
export function areOdd(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const search = new Search();
  return definitions.some(({ variable, type: node }) => {
    const type = typeFromAST(schema, node);
    return isInputType(type) && search.isOdd(type, variables[variable.name.value]);
  });
}

class Search {
  #undescribed = 0;

  isOdd(given: GraphQLInputType, value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const type = getNullableType(given);
    if (isListType(type)) {
      return Array.isArray(value)
        ? value.some((item) => this.isOdd(type.ofType, item))
        : this.isOdd(type.ofType, value);
    }
    if (!isInputObjectType(type))
      return type.name === "JSONObject" ? this.#isLarge(value) : this.#isNoType(value);
    if (Array.isArray(value)) return this.#isNoType(value);
    const fields = type.getFields();
    return Object.entries(value).some(([name, inner]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return field ? this.isOdd(field.type, inner) : this.#isNoType(inner);
    });
  }

  #isLarge(object: object): boolean {
    let fields = 0;
    // A list of the values would cost several times as much.
    for (const name in object) {
      const inner: unknown = (object as Record<string, unknown>)[name];
      if (++fields > mostFields || this.#areNoTypes(inner)) return true;
    }
    return false;
  }

  #isNoType(value: unknown): boolean {
    return ++this.#undescribed > mostUndescribed || this.#areNoTypes(value);
  }

  /** The values in this one. */
  #areNoTypes(value: unknown): boolean {
    if (typeof value !== "object" || value === null || !isPlain(value)) return false;
    return Object.values(value).some((inner) => this.#isNoType(inner));
  }
}

/** False for an uploaded file. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
