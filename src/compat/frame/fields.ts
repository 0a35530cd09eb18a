import { InvalidInputError } from "../../lib/errors.ts";
import { isStorable, isStorableValue } from "../../lib/storable.ts";

/** Other names are not repeated to whoever gave them. */
const plainName = /^[\w-]{1,50}$/;

/**
 * Every vendor's fields pass here before anything is done with them: no id and no text of ours has what PostgreSQL cannot
 * store, and looking for it would be an error.
 * @throws InvalidInputError
 */
export function checkFields(fields: Iterable<readonly [name: string, value: unknown]>): void {
  for (const [name, value] of fields) {
    if (isStorable(name) && isStorableValue(value)) continue;
    const field = plainName.test(name) ? name : "request";
    throw new InvalidInputError(
      field,
      `\`${field}\` contains a NUL character or half a surrogate pair. Remove it.`,
    );
  }
}
