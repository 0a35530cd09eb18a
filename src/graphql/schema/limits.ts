/** Default and largest number of entries on a page. */
export const defaultPageSize = 20;
export const maxPageSize = 100;

/** The most one query may cost: a field costs 1, a list costs 1 for each entry it may hold. */
export const maxComplexity = 50_000;
/** The same for each frame of a subscription, which is computed again for every event. */
export const maxFrameComplexity = 25_000;
/** What the text of a message costs: it may be as long as many other values together. */
export const textCost = 10;
/** The most characters of one answer as JSON; a page of a hundred messages with all fields has one million. */
export const maxAnswerLength = 16_000_000;
export const maxDepth = 15;
/** The most fields and directives in one operation, with fragments expanded. */
export const maxBreadth = 500;

/**
 * The most pairs of fields with one name that validation may compare, before it is known how large an operation is.
 * Eighty fragments with the same three fields have 13,000.
 */
export const maxPairs = 20_000;

/** The deepest nesting of brackets in a document or in variables. */
export const maxNesting = 50;

/** The most entries of any list in variables: twice the most recipients. Lists with lower limits have errors of their own. */
export const maxListEntries = 200_000;

/** The most tokens in a document. A handwritten query has a few hundred. */
export const maxTokens = 5_000;

/** The most characters in a document: what is long belongs in variables. */
export const maxDocumentLength = 1024 * 1024;

/**
 * The most bytes in a GraphQL request: room for a campaign of a hundred thousand recipients, 300 bytes each.
 */
export const maxRequestBytes = 30 * 1024 * 1024;

/**
 * The most values in a request (entries of lists and fields of objects): room for a hundred thousand recipients with ten
 * values each. Empty objects would be ten million, and take seconds to read.
 */
export const maxRequestValues = 1_300_000;

/** More than an input of any type has, or a row of a recipient file: GraphQL would look at each. */
export const maxObjectFields = 2_000;

/** The most entries of `nodes` and `sendMessages`. */
export const maxNodes = 100;
export const maxMessages = 1_000;

/** The most recipients in one quote. */
export const maxQuoteRecipients = 100_000;

/** The most rates in one `setRates`. */
export const maxRates = 1_000;

/** The most message ids in one filter. */
export const maxFilterIds = 1_000;

/** Default and longest lifetime of a watch token, in seconds. */
export const defaultTokenSeconds = 15 * 60;
export const maxTokenSeconds = 24 * 60 * 60;

/** The most characters in the name of an API key. */
export const maxKeyName = 100;

/** The most statuses or countries in one filter. */
export const maxFilterWords = 300;
