/** The options of a step that a form has a field for. Those with several entries (`env:` ...) stay tags. */

export const FIELDS = [
  'cpu',
  'memory',
  'gpu',
  'retries',
  'timeout',
  'cache',
  'image'
] as const;

export type Field = (typeof FIELDS)[number];
