import { CallbackUrls } from "./callback-urls.ts";

/** One for all vendors: what is known of an origin holds for each of them. */
export const callbackUrls = new CallbackUrls();
