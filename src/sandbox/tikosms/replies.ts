import { jsonReply, type SandboxReply } from "../http-server.ts";
import type { ValidationProblem } from "./validation.ts";

/** The vendor's own error format; Laravel's errors have a `message` instead. */
export function unsuccessful(status: number, error: string): SandboxReply {
  return jsonReply(status, { success: false, error });
}

export function invalid(problem: ValidationProblem): SandboxReply {
  return jsonReply(422, problem);
}

export const refusals = {
  noRate: unsuccessful(
    403,
    "No SMS rate is available for this destination for your account. Please contact sales team.",
  ),
  unknownNumber: unsuccessful(
    422,
    "Oops! We couldn't find this number in any country on Earth. Mind giving it another look?",
  ),
};
