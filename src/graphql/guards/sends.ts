import { Kind, type FieldNode, type OperationDefinitionNode, type ValueNode } from "graphql";

type Variables = Readonly<Record<string, unknown>>;

/** How many messages a field of the type Mutation sends; undefined when it sends none, or a campaign. */
export function sendsOf(
  { name, arguments: given }: FieldNode,
  operation: OperationDefinitionNode,
): ((variables: Variables) => number) | undefined {
  if (name.value === "sendMessage") return () => 1;
  if (name.value !== "sendMessages") return undefined;
  const input = given?.find((argument) => argument.name.value === "input")?.value;
  return (variables) => lengthOf(messagesIn(input, operation, variables));
}

/** A list of the variables, or of the document. */
function messagesIn(
  input: ValueNode | undefined,
  operation: OperationDefinitionNode,
  variables: Variables,
): unknown {
  if (input?.kind === Kind.LIST) return input.values;
  if (input?.kind === Kind.OBJECT) {
    const messages = input.fields.find(({ name }) => name.value === "messages")?.value;
    return messages?.kind === Kind.VARIABLE
      ? (variables[messages.name.value] ?? defaultOf(messages.name.value, operation, variables))
      : messagesIn(messages, operation, variables);
  }
  if (input?.kind !== Kind.VARIABLE) return undefined;
  const value = variables[input.name.value] as { messages?: unknown } | undefined;
  return value?.messages ?? defaultOf(input.name.value, operation, variables);
}

function defaultOf(name: string, operation: OperationDefinitionNode, variables: Variables): unknown {
  const defined = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  return messagesIn(defined?.defaultValue, operation, variables);
}

/** A single value stands for a list of one. */
const lengthOf = (list: unknown): number => (Array.isArray(list) ? list.length : 1);
