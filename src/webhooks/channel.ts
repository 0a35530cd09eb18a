/** The channel of the hint that a webhook was made, changed or released by its worker. */
export const webhookChannel = "smsgraph_webhooks";
