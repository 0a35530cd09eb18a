import { behaviourLookup, type Scenario } from "../scenarios.ts";
import { type QikliBehaviour, usualBehaviour } from "./behaviour.ts";
import { commonScenarios } from "./common-scenarios.ts";
import { ownScenarios } from "./own-scenarios.ts";

type QikliScenario = Scenario<QikliBehaviour>;

export const qikliScenarios: readonly QikliScenario[] = [...commonScenarios, ...ownScenarios];

/** How the sandbox treats a message to this number. */
export const behaviourFor = behaviourLookup(qikliScenarios, usualBehaviour);
