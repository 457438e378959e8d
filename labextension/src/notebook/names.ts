/** Step names in, normal forms out: as `nb2pipe.notebook.names` has it. */

import { MAX_NAME } from './grammar';

const NAME = /^[\p{L}\p{N}_-][\p{L}\p{M}\p{N}_-]*$/u;

/** The name in Unicode's form NFC: a notebook saved on macOS may hold `é` as two characters. */
export function normal(name: string): string {
  return name.normalize('NFC');
}

/** True for letters, digits, `_` and `-` of any script, in form NFC; marks only after the first character. */
export function isName(name: string): boolean {
  return (
    [...name].length <= MAX_NAME && NAME.test(name) && normal(name) === name
  );
}

/** A legal name near `text`: spaces become `_`, what is not allowed goes. Null where nothing would be left. */
export function suggestName(text: string): string | null {
  const words = normal([...text].slice(0, 4 * MAX_NAME).join(''))
    .split(/\s+/u)
    .filter(word => word)
    .join('_');
  const kept = [...words.replace(/[^\p{L}\p{N}_-]/gu, '')]
    .slice(0, MAX_NAME)
    .join('');
  return /[^_-]/.test(kept) && isName(kept) ? kept : null;
}

/** `base`, or `base-2`, `base-3` ...: the first that is not taken. */
export function freshName(base: string, taken: readonly string[]): string {
  const stem = base.replace(/-[0-9]{1,4}$/, '') || base;
  let name = base;
  for (let count = 2; taken.includes(name); count++) {
    const end = `-${count}`;
    name = [...stem].slice(0, MAX_NAME - end.length).join('') + end;
  }
  return name;
}
