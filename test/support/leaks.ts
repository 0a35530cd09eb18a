/** Words that only our own insides have: SQL, Prisma, stacks, files, machines. */
const insides =
  /prisma|postgres|\bselect\b|insert into|\bfrom "|relation "|\bcolumn "|constraint|node_modules|\.ts\b|\bat \w+ \(|stack|ECONN|127\.0\.0\.1:5|invocation|\bzod(?:error)?\b|pothos/i;

/** What of our insides shows in an answer; undefined when nothing does. */
export const leakIn = (answer: unknown): string | undefined => insides.exec(JSON.stringify(answer))?.[0];
