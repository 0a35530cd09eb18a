import { prepareConsole } from "../../src/development/console.ts";
import { unpackBrowser } from "./browser.ts";

/** What tests that start browsers and servers would otherwise all do at the same time. */
export default async function setUp(): Promise<void> {
  await Promise.all([unpackBrowser(), prepareConsole()]);
}
