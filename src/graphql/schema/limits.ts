/** Entries of a page when nothing is said, and at most. */
export const defaultPageSize = 20;
export const maxPageSize = 100;

/** What one query may cost: a field costs 1, a list as many times what it may hold. */
export const maxComplexity = 250_000;
export const maxDepth = 15;
/** Fields of one operation as they are written, fragments spelled out. */
export const maxBreadth = 500;

/** Brackets within each other, in a document or in variables. */
export const maxNesting = 50;

/** Tokens in a document; a query written by people has a few hundred. */
export const maxTokens = 5_000;

/** Bytes of a GraphQL request: a campaign's hundred thousand recipients fit, with 300 bytes for each. */
export const maxRequestBytes = 30 * 1024 * 1024;

/** Entries of `nodes` and of `sendMessages`. */
export const maxNodes = 100;
export const maxMessages = 1_000;

/** Recipients in one quote. */
export const maxQuoteRecipients = 100_000;

/** Rates in one `setRates`. */
export const maxRates = 1_000;

/** Message ids in one filter. */
export const maxFilterIds = 1_000;

/** Seconds that a watch token lasts when nothing is said, and at most. */
export const defaultTokenSeconds = 15 * 60;
export const maxTokenSeconds = 24 * 60 * 60;

/** Characters in the name of an API key. */
export const maxKeyName = 100;

/** Statuses or countries in one filter. */
export const maxFilterWords = 300;
