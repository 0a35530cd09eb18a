import { pino, type DestinationStream, type Logger } from "pino";

export type { Logger };

/** Paths that could hold a secret or a message text in any logged object. */
const secretPaths = [
  "authorization",
  "apiToken",
  "token",
  "password",
  "secret",
  "text",
  "body",
  "credentials",
];
const redacted = secretPaths.flatMap((path) => [path, `*.${path}`, `*.*.${path}`]);

const phoneNumber = /(\+?\d{3})\d{3,}(\d{2})/g;

/** `+421901000123` becomes `+421…23`: enough to recognise the number, not enough to call it. */
export const maskNumber = (number: string): string => number.replace(phoneNumber, "$1…$2");

interface LoggerOptions {
  level: string;
  destination?: DestinationStream;
}

/**
 * Writes JSON lines to standard error. Phone numbers are masked; texts, bodies and secrets are never logged.
 */
export function createLogger({ level, destination = pino.destination(2) }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: undefined,
      redact: { paths: redacted, censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {
        error: (error: unknown) => describeError(error),
        err: (error: unknown) => describeError(error),
        problem: (problem: unknown) => maskDetail(problem),
        queue: (message: unknown) => maskNumber(String(message)),
        to: (to: unknown) => maskNumber(String(to)),
      },
    },
    destination,
  );
}

/** A provider's answer may contain the number it was asked about. */
function maskDetail(problem: unknown): unknown {
  if (typeof problem !== "object" || problem === null || !("detail" in problem)) return problem;
  return { ...problem, detail: maskNumber(String(problem.detail)) };
}

/** Name, message and stack, with numbers masked: a database error may contain a row. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: maskNumber(String(error)) };
  const { name, message, stack } = error;
  const code = "code" in error ? String(error.code) : undefined;
  return { name, code, message: maskNumber(message), stack: maskNumber(stack ?? "") };
}
