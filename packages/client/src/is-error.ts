/** A typed error of the API, as `... on Error { code message }` selects it. */
export interface ApiError {
  code: string;
  message: string;
}

/** Whether the result of a mutation is one of its typed errors. Select `__typename`, or `code` and `message`. */
export function isError<Result extends object>(
  result: Result,
): result is Extract<Result, { message: string } | { __typename: `${string}Error` }> {
  const { __typename: name, code, message } = result as Partial<ApiError & { __typename: string }>;
  return name === undefined ? code !== undefined && message !== undefined : name.endsWith("Error");
}
