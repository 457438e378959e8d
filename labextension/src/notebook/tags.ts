/** A cell's tags in, what they ask for out: as `nb2pipe.notebook.tags` reads them, from the same table. */

import {
  GRAMMAR,
  type IOptionForm,
  type ITagForm,
  OPTIONS,
  type Role
} from './grammar';
import { isName, normal, suggestName } from './names';

/** One option that a tag gives. `tag` as it is written, `text` its value. */
export interface ISetting {
  readonly option: string;
  readonly text: string;
  readonly tag: string;
}

/** What the tags of one cell ask for, each in the order of the tags. `nameless`: a `step:` tag without a name. */
export interface ICellTags {
  readonly steps: readonly string[];
  readonly roles: readonly Role[];
  readonly after: readonly string[];
  readonly settings: readonly ISetting[];
  readonly nameless: boolean;
  readonly ours: readonly string[];
}

const FORMS: ReadonlyMap<string, ITagForm> = new Map(
  GRAMMAR.map(form => [form.head, form])
);
// The first versions of Kale wrote roles like steps: `block:imports`.
const WHOLE: ReadonlyMap<string, ITagForm> = new Map(
  GRAMMAR.filter(form => form.kind === 'role').flatMap(form =>
    form.also.map(other => [other, form] as const)
  )
);
const PATTERNS: ReadonlyMap<string, readonly [IOptionForm, RegExp]> = new Map(
  OPTIONS.map(form => [
    form.option,
    [form, new RegExp(`^(?:${form.pattern})$`, 'u')]
  ])
);
const HEADS: ReadonlyMap<string, string> = new Map(
  GRAMMAR.flatMap(form => (form.option ? [[form.option, form.head]] : []))
);

/** The row of the grammar that a tag is written by; undefined for a tag of another tool, or one that is mistyped. */
export function formOf(tag: string): ITagForm | undefined {
  const plain = tag.trim();
  const whole = WHOLE.get(plain);
  if (whole) {
    return whole;
  }
  const form = FORMS.get(headOf(plain));
  return form && form.form.includes(':') === plain.includes(':')
    ? form
    : undefined;
}

/** True for a tag that says what its cell is: a step's, or a role's. */
export function isClaim(tag: string): boolean {
  const kind = formOf(tag)?.kind;
  return kind === 'step' || kind === 'role';
}

/** What the tags mean. A step name that is not allowed gives way to the nearest one that is, as in Python. */
export function readTags(tags: readonly string[]): ICellTags {
  const steps = new Set<string>();
  const roles = new Set<Role>();
  const after = new Set<string>();
  const settings: ISetting[] = [];
  const ours: string[] = [];
  let nameless = false;
  for (const tag of tags) {
    const form = formOf(tag);
    if (!form) {
      continue;
    }
    const plain = tag.trim();
    const value = valueOf(plain);
    ours.push(plain);
    if (form.role) {
      roles.add(form.role);
    } else if (form.kind === 'step') {
      nameless ||= !value;
      mended(value).forEach(name => steps.add(name));
    } else if (form.kind === 'order') {
      value
        .split(':')
        .flatMap(mended)
        .forEach(name => after.add(name));
    } else if (form.kind === 'option') {
      settings.push(...setting(form, plain, value));
    }
  }
  return {
    steps: [...steps],
    roles: [...roles],
    after: [...after],
    settings,
    nameless,
    ours
  };
}

/** What is wrong with an option's text: what is allowed instead, for people. Null if nothing is. */
export function optionTrouble(option: string, text: string): string | null {
  const [form, pattern] = PATTERNS.get(option) ?? [];
  return form && !pattern?.test(text) ? form.allowed : null;
}

/** An example of an option's text. */
export function exampleOf(option: string): string {
  return PATTERNS.get(option)?.[0].example ?? '';
}

/** An option as a tag: `timeout`, `30m` is `timeout:30m`. */
export function optionTag(option: string, text: string): string {
  return `${HEADS.get(option) ?? option}:${text}`;
}

/** The names of an order tag, in normal form. */
export function namesOf(tag: string): string[] {
  return valueOf(tag.trim())
    .split(':')
    .filter(name => name)
    .map(normal);
}

/** What stands before the first colon. */
export function headOf(tag: string): string {
  return tag.split(':', 1)[0] ?? '';
}

/** What stands after the first colon. */
export function valueOf(tag: string): string {
  return tag.includes(':') ? tag.slice(tag.indexOf(':') + 1) : '';
}

function mended(name: string): string[] {
  const plain = normal(name);
  const found = isName(plain) ? plain : suggestName(name);
  return found ? [found] : [];
}

function setting(form: ITagForm, tag: string, value: string): ISetting[] {
  const [option, text] = form.option ? [form.option, value] : limit(value);
  return option && optionTrouble(option, text) === null
    ? [{ option, text, tag }]
    : [];
}

/** Kale's `limit:RESOURCE:N` as an option of ours and its text. */
function limit(value: string): [string | null, string] {
  const at = value.lastIndexOf(':');
  const resource = value.slice(0, Math.max(at, 0));
  if (resource === 'cpu' || resource === 'memory') {
    return [resource, value.slice(at + 1)];
  }
  return /\/|gpu/.test(resource) ? ['gpu', value] : [null, value];
}
