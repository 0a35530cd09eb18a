// oxlint-disable-next-line node/no-process-env
const factor = Number(process.env["THOROUGH"] ?? 1);

/**
 * The number of runs of a property test. `THOROUGH=20 npm test -- text` makes twenty times as many: worth it after
 * a change to what the property is about.
 */
export const runs = (count: number): { numRuns: number } => ({ numRuns: Math.ceil(count * factor) });
