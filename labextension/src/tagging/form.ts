/** What a popover's fields hold in, the edit that they ask for out, or what is wrong with them. No DOM here. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { claim, followers, type IEdit, type ITagged } from '../notebook/edit';
import { FIELDS } from '../notebook/fields';
import { MAX_NAME, type Role } from '../notebook/grammar';
import { isName, normal, suggestName } from '../notebook/names';
import {
  chained,
  type IStepOptions,
  optionsOf,
  sectionNamed,
  type Texts,
  withOptions
} from '../notebook/options';
import { claimOf, type ISection, split } from '../notebook/sections';
import { fieldTrouble } from './words';

/** What the cells are to be. */
export type Choice = 'above' | Role;

/** The fields of a popover. `follow`: null until the user has said it. */
export interface IForm {
  readonly choice: Choice;
  readonly name: string;
  readonly follow: boolean | null;
  readonly texts: Texts;
  readonly after: readonly string[];
}

/** What the fields hold at first, for these cells. */
export function formOf(
  notebook: ITagged,
  chosen: ReadonlySet<number>,
  name?: string
): IForm {
  const found = split(notebook.tags);
  const [first = 0] = [...chosen].sort((a, b) => a - b);
  const owner = found.owners[first];
  const claimed = found.cells[first] && claimOf(found.cells[first]);
  const isSkipped = claimed?.role === 'skip';
  const role = isSkipped
    ? 'skip'
    : found.isTagged
      ? (owner?.role ?? 'step')
      : 'step';
  const known = name === undefined && owner && !owner.implicit && !isSkipped;
  const options = known ? optionsOf(notebook, owner) : NONE;
  return {
    choice: name === undefined ? role : 'step',
    name: name ?? (known && role === 'step' ? owner.name : ''),
    follow: null,
    texts: options.texts,
    after: options.after
  };
}

/** The options that a step of this name has now. */
export function optionsNamed(notebook: ITagged, name: string): IStepOptions {
  const section = sectionNamed(notebook, normal(name.trim()));
  return section && !section.implicit ? optionsOf(notebook, section) : NONE;
}

/** True if the untagged cells below go along: what the user said, or what is meant by one cell that starts a step. */
export function follows(form: IForm, chosen: ReadonlySet<number>): boolean {
  return (
    form.follow ??
    (chosen.size === 1 && (form.choice === 'step' || form.choice === 'above'))
  );
}

/** The untagged cells right below, for which `follow` counts; none where it makes no difference. */
export function below(
  notebook: ITagged,
  chosen: ReadonlySet<number>,
  form: IForm
): number[] {
  return form.choice === 'skip' ? [] : followers(notebook.tags, chosen);
}

/** What is wrong with a step's name, in a sentence; null if nothing is. */
export function nameTrouble(
  text: string,
  trans: TranslationBundle
): string | null {
  const name = normal(text.trim());
  if (!name) {
    return trans.__('Give the step a name.');
  }
  if (isName(name)) {
    return null;
  }
  if ([...name].length > MAX_NAME) {
    return trans.__('A name has at most %1 characters.', MAX_NAME);
  }
  const near = suggestName(name);
  return near
    ? trans.__('Letters, digits, “_” and “-” only: perhaps %1?', near)
    : trans.__('Letters, digits, “_” and “-” only.');
}

/** What keeps the form from being applied; null if nothing does. */
export function formTrouble(
  form: IForm,
  trans: TranslationBundle
): string | null {
  if (form.choice !== 'step') {
    return null;
  }
  const texts = FIELDS.map(field =>
    fieldTrouble(field, form.texts[field] ?? '', trans)
  );
  return (
    nameTrouble(form.name, trans) ??
    texts.find(trouble => trouble !== null) ??
    null
  );
}

/** The edit that the form asks for. */
export function editOf(
  notebook: ITagged,
  chosen: ReadonlySet<number>,
  form: IForm
): IEdit {
  const follow = follows(form, chosen);
  if (form.choice === 'above') {
    return claim(notebook, chosen, { kind: 'above' }, follow);
  }
  if (form.choice !== 'step') {
    return claim(notebook, chosen, { kind: 'role', role: form.choice }, follow);
  }
  const name = normal(form.name.trim());
  const first = claim(notebook, chosen, { kind: 'step', name }, follow);
  return chained(notebook, first, between => {
    const section = sectionNamed(between, name);
    return section
      ? withOptions(between, section, form.texts, form.after)
      : { tags: new Map() };
  });
}

/** The steps that stand before the chosen cells: those that a step made of them may wait for. */
export function earlierSteps(
  notebook: ITagged,
  chosen: ReadonlySet<number>,
  name: string
): string[] {
  const first = Math.min(...chosen);
  return split(notebook.tags)
    .sections.filter(
      section =>
        section.role === 'step' &&
        !section.implicit &&
        section.name !== normal(name.trim()) &&
        (section.cells[0] ?? first) < first
    )
    .map(section => section.name);
}

/** What the cells would go on with; undefined if there is nothing above. */
export function sectionAbove(
  notebook: ITagged,
  chosen: ReadonlySet<number>
): ISection | undefined {
  const { owners } = split(notebook.tags);
  const first = Math.min(...chosen);
  for (let index = first - 1; index >= 0; index--) {
    if (owners[index]) {
      return owners[index];
    }
  }
  return undefined;
}

const NONE: IStepOptions = { texts: {}, defaults: {}, after: [], others: [] };
