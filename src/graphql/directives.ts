/** Directives that many fields share, as the contract writes them. */

/** What a public variant of the schema leaves out. */
export const STAFF = '@tag(name: "staff")';

/** A connection whose size follows its `first`. */
export const PAGED =
  '@listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)';
