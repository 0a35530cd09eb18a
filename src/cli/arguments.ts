import { parseArgs, type ParseArgsConfig } from "node:util";
import { ConfigError } from "../config.ts";

/** Options and words of a command. @throws ConfigError with the command's help when there are others */
export function readArguments<const Wanted extends ParseArgsConfig>(wanted: Wanted, help: string) {
  try {
    return parseArgs(wanted);
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}\n\n${help}`);
  }
}
